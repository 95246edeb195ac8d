// A virtio network card of the board's (virtio 1.2, "Network Device") in the hands of this VM: whole frames, no offloads, whatever their
// destination.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "guest/drivers/switch/switch.hpp"
#include "guest/sdk/virtio_driver.hpp"

namespace tiffin::net_switch {

class Card final : public Uplink {
public:
    /// Of each direction.
    static constexpr std::uint16_t frames = sdk::max_queue_entries;

    /// What the card reads and writes.
    struct Memory {
        using Frame = std::array<std::byte, (header + longest + 7) / 8 * 8>;
        std::array<sdk::QueueMemory, 2> queues{};
        alignas(8) std::array<Frame, frames> in{}, out{};
    };

    Card(sdk::VirtioRegisters& registers, Memory& memory);
    Card(Card const&) = delete;
    Card& operator=(Card const&) = delete;

    /// Nullptr, or why it can't be used. Again: whatever it held is lost, as on a wire.
    char const* start();
    bool send(std::span<std::byte const> bytes) override;
    /// Leaves out what is no frame. A card that broke a rule is set up anew.
    std::span<std::byte> receive() override;

private:
    sdk::Virtqueue& incoming() { return queues_[abi::virtio::net::receive_queue]; }
    sdk::Virtqueue& outgoing() { return queues_[abi::virtio::net::transmit_queue]; }
    void post_room(std::uint16_t frame);
    void take_back_sent();

    sdk::VirtioRegisters& registers_;
    Memory& memory_;
    std::array<sdk::Virtqueue, 2> queues_;
    sdk::VirtioDriver driver_;
    std::array<std::uint16_t, frames> frame_of_{};  // incoming: by the chain that it was posted as
    std::uint16_t held_{frames};                    // the frame that the switch looks at
};

}  // namespace tiffin::net_switch
