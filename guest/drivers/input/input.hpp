// The input device (virtio 1.2, "Input Device"): keys of one keyboard go to the client that has the focus, and to nobody else. A key moves the
// focus to the next client, and is seen by none.
//
// A server of input devices only runs this Service as it is (main.cpp). One that serves other devices too owns it, and passes on what is
// an input device's:
//
//   void begin(Device& d) override { d.type() == Type::Input ? input_.begin(d) : ...; }
//   bool serve(Device& d) override { return d.type() == Type::Input ? input_.serve(d) : ...; }
//   std::uint64_t wake() override { return input_.wake() | ...; }     // takes the keyboard's keys, and may move the focus: focused()
//
// It may make keys of its own, key(), and move the focus itself, focus(), in what its wake() does before input_.wake(); elsewhere it also
// calls wake_server().
//
// What no client has room for yet waits, up to 64 keys a client. Then presses are lost, but never a release: what a client holds
// down goes up when it loses the focus, when its releases found no room, and when this server starts anew. For that, what it was told is kept
// in the device's configuration space, which the hypervisor shows to no input driver.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "guest/sdk/keys.hpp"
#include "guest/sdk/virtio_server.hpp"

namespace tiffin::input {

/// The board's own: find_board_virtio(Type::Input, wake_server).
using Keyboard = sdk::Keys;

/// KEY_F12 of linux/input-event-codes.h.
inline constexpr std::uint16_t f12 = 88;

class Input final : public sdk::Service {
public:
    /// `devices`: the server's, started, of any type. The first input device has the focus, or the one that had it in an earlier life.
    /// `source` may be nullptr. `focus_key` 0: no key moves the focus.
    explicit Input(std::span<sdk::Device const> devices, sdk::KeySource* source = nullptr, std::uint16_t focus_key = f12);

    void begin(sdk::Device& device) override;
    /// Delivers what waits for `device`. False, and nothing done, if it is no input device.
    bool serve(sdk::Device& device) override;
    /// Takes what the source has. The devices that keys wait for have a turn.
    std::uint64_t wake() override;

    /// A key of the keyboard. True: it moved the focus.
    bool key(std::uint16_t code, std::uint32_t value);
    /// To the input device that is the server's number `device`; nothing if that is none.
    void focus(std::size_t device);
    /// Of the server's devices; abi::serve::max_devices: there is no input device.
    [[nodiscard]] std::size_t focused() const { return focused_; }

private:
    static constexpr std::size_t most_waiting = 64;
    /// Buffers, and keys of the source, in a turn.
    static constexpr unsigned batch = 64;

    struct Client {
        std::array<sdk::Key, most_waiting> waiting{};
        std::size_t first{0}, count{0};
        sdk::KeySet down{};  // once it has seen what waits
        sdk::KeySet owed{};  // releases, behind what waits
        sdk::KeySet told{};  // what it may hold for down now
        bool kept{false};    // `told` is in the configuration space
        sdk::Key now{};      // the key whose SYN_REPORT is due
        bool half{false};    // there is such a key

        [[nodiscard]] bool full() const { return count == most_waiting || !owed.empty(); }
        [[nodiscard]] bool idle() const { return !half && count == 0 && owed.empty(); }
        void add(sdk::Key key);
        sdk::Key take();
    };

    [[nodiscard]] std::size_t next_of(std::size_t device) const;
    void hear(sdk::Device const& device, Client& client, sdk::Key key);
    static bool deliver(sdk::Device const& device, Client& client);
    static void put(sdk::Device const& device, Client& client, sdk::Request const& request);
    static void tell(sdk::Device const& device, Client& client, sdk::Key key);
    static void keep(sdk::Device const& device, Client& client, std::size_t word);
    static bool take_lights(sdk::Device const& device);

    std::span<sdk::Device const> devices_;
    sdk::KeySource* source_;
    std::uint16_t focus_key_;
    std::size_t focused_{abi::serve::max_devices};
    std::uint64_t turns_{0};
    bool more_{false};  // of the source's keys
    std::array<Client, abi::serve::max_devices> clients_{};
};

}  // namespace tiffin::input
