// A learning switch (IEEE 802.1D, "Principles of operation") whose ports are network devices of other VMs, and a way out. A frame goes to the port that its
// destination was seen at, and to all others while it was not. A port may send as itself only, so much, and whole frames.
#pragma once
#include <array>
#include <cstdint>

#include "guest/drivers/switch/backlog.hpp"
#include "guest/drivers/switch/mac_table.hpp"
#include "guest/drivers/switch/rate.hpp"
#include "guest/sdk/virtio_server.hpp"

namespace tiffin::net_switch {

struct Rules {
    std::uint64_t ports_of_any_mac{0};      // a bit each: these may send with any source address, as a bridge does
    std::uint64_t bytes_per_second{0};      // of a port; 0: no limit
    std::uint64_t floods_per_second{1000};  // frames of a port that go to all others
    std::uint64_t seconds_remembered{300};  // addresses that were seen
};

/// The way out: a network card. Frames stand behind a header of virtio's, which is the card's own business.
class Uplink {
public:
    /// False: the card has no room just now.
    virtual bool send(std::span<std::byte const> bytes) = 0;
    /// The next one from outside, of a size that frames have; empty: none. Valid until the next call.
    virtual std::span<std::byte> receive() = 0;

protected:
    ~Uplink() = default;
};

/// What became of a port's frames.
struct Counts {
    std::uint64_t sent{0}, received{0};
    std::uint64_t malformed{0};  // giants and runts
    std::uint64_t spoofed{0};    // with somebody else's address
    std::uint64_t limited{0};    // beyond its rates
    std::uint64_t missed{0};     // for it, and it had posted no room
};

class Switch final : public sdk::Service {
public:
    /// The uplink's number, behind all ports.
    static constexpr std::uint32_t outside = abi::serve::max_devices;

    /// `now`: ticks, `hz` a second.
    Switch(std::span<sdk::Device> ports, Rules const& rules, std::uint64_t (*now)(), std::uint64_t hz, Uplink* uplink = nullptr);

    void begin(sdk::Device& port) override { backlog_.drop_all(port.index()); }
    bool serve(sdk::Device& port) override;
    std::uint64_t wake() override;
    [[nodiscard]] Counts const& counts(std::uint32_t port) const { return state_[port].counts; }

private:
    struct Port {
        Mac mac;
        Rate bytes, floods;
        Counts counts;
    };
    /// Header and frame, as copied in; the same bytes are copied out.
    using Bytes = std::span<std::byte>;

    [[nodiscard]] bool allowed(std::uint32_t port, std::span<std::byte const> frame);
    void forward(std::uint32_t from, Bytes bytes);
    void deliver(std::uint32_t to, std::span<std::byte const> bytes);
    /// False: the port has posted no room.
    bool try_deliver(std::uint32_t to, std::span<std::byte const> bytes);
    void deliver_backlog(std::uint32_t to);

    std::span<sdk::Device> ports_;
    std::uint64_t any_mac_;
    std::uint64_t (*now_)();
    MacTable table_;
    Backlog backlog_{};
    std::array<Port, outside + 1> state_{};
    Uplink* uplink_;
    bool more_outside_{false};
};

}  // namespace tiffin::net_switch
