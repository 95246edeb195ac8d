// A channel to another VM (docs/channels.md): messages both ways, found by the name that the description gives it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "abi/ring.hpp"
#include "guest/sdk/device_tree.hpp"

namespace tiffin::sdk {

/// What the device tree says of a channel.
struct ChannelPlace {
    DeviceTree::Range memory, doorbell;
    std::uint32_t intid, side;

    [[nodiscard]] std::uint64_t half() const { return memory.size / 2; }
    [[nodiscard]] std::uint64_t own() const { return memory.base + side * half(); }
    [[nodiscard]] std::uint64_t other() const { return memory.base + (1 - side) * half(); }
};

/// The channel that the description calls `name`; nothing if this VM has none, or the tree makes no sense.
std::optional<ChannelPlace> find_channel(DeviceTree const& tree, std::string_view name);

/// Must stay where it is: its interrupt handler knows its address.
class Channel {
public:
    using Status = abi::RingStatus;

    Channel() = default;
    Channel(Channel const&) = delete;
    Channel& operator=(Channel const&) = delete;

    /// Finds the channel, appears in it and enables its doorbell. False: there is no such channel, or too many handlers. With the caches on
    /// (caches.hpp) its memory is mapped cacheable, as the peer's should be.
    bool open(std::string_view name, std::uint8_t priority = 0x80);

    /// At once; rings the peer if it sleeps.
    Status try_send(std::span<std::byte const> message);
    Status try_receive(std::span<std::byte> into, std::size_t& size);
    /// Sleeps until something may have changed: a message, room, the peer's start.
    void wait();

    /// Rings the peer, whatever its ring says.
    void ring_peer() const;
    /// Does Tiffin run the peer? How often has it started anew?
    [[nodiscard]] bool peer_runs() const { return (peer() & 1) != 0; }
    [[nodiscard]] std::uint32_t peer_restarts() const { return peer() >> 8; }
    /// Doorbells taken so far.
    [[nodiscard]] std::uint32_t rings() const { return rings_; }
    abi::Ring& ring() { return ring_; }
    [[nodiscard]] ChannelPlace const& place() const { return place_; }

private:
    static void on_doorbell(std::uint32_t intid, void* self);
    [[nodiscard]] std::uint32_t peer() const;

    ChannelPlace place_{};
    abi::Ring ring_;
    bool volatile rung_{false};
    std::uint32_t volatile rings_{0};
    bool warned_{false};  // the peer knows that we sleep: try once more, then do
};

}  // namespace tiffin::sdk
