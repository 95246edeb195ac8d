// The keys of a virtio input device (virtio 1.2, "Input Device") that this VM drives: a client's own, or a server's hardware.
//
//   VirtioInSlot slot{*find_virtio_slot(boot().tree, abi::virtio::Type::Input)};   // an app whose description says `device: input`
//   static constinit Keys::Memory memory;
//   Keys keys{slot, memory};
//   if (auto const* why = keys.start()) panic(why);
//   for (;;) { while (auto const key = keys.next()) print("{} {}\n", key->code, key->value);  slot.wait(); }
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "guest/sdk/key_set.hpp"
#include "guest/sdk/virtio_driver.hpp"

namespace tiffin::sdk {

/// A key went down, up, or is held: abi::virtio::input::pressed, released, repeated.
struct Key {
    std::uint16_t code;
    std::uint32_t value;
    bool operator==(Key const&) const = default;
};

/// Where keys come from. Tests have one of their own.
class KeySource {
public:
    /// Nothing: there are no more now.
    virtual std::optional<Key> next() = 0;

protected:
    ~KeySource() = default;
};

class Keys final : public KeySource {
public:
    /// What the device writes: an event in each descriptor's buffer.
    struct Memory {
        QueueMemory queue{};
        std::array<abi::virtio::input::Event, max_queue_entries> events{};
    };

    Keys(VirtioRegisters& registers, Memory& memory);
    Keys(Keys const&) = delete;
    Keys& operator=(Keys const&) = delete;

    /// Nullptr, or why it can't be used.
    char const* start();
    /// Each key goes down, repeats and goes up in this order, whatever the device says. One that broke a rule is set up anew, and what was
    /// down goes up.
    std::optional<Key> next() override;

private:
    void post_room();
    std::optional<Key> take(std::uint16_t chain, std::uint32_t written);
    std::optional<Key> lift();

    VirtioRegisters& registers_;
    Memory& memory_;
    Virtqueue queue_;
    VirtioDriver driver_;
    KeySet down_;
    bool lifting_{false};  // all that is down, since events were lost
};

}  // namespace tiffin::sdk
