#include "guest/sdk/channel.hpp"

#include "guest/sdk/app.hpp"
#include "guest/sdk/caches.hpp"

namespace tiffin::sdk {

namespace {

constexpr std::uint64_t ring_register = 0, peer_register = 4;

}  // namespace

bool Channel::open(std::string_view name, std::uint8_t priority) {
    auto const place = find_channel(boot().tree, name);
    if (!place) return false;
    place_ = *place;
    if (caches_are_on()) map_cached(place_.memory);
    ring_ = abi::Ring{reinterpret_cast<std::byte*>(place_.own()), reinterpret_cast<std::byte const*>(place_.other()),
                      static_cast<std::uint32_t>(place_.half())};
    interrupts::set_edge(place_.intid);
    if (!interrupts::enable(place_.intid, priority, on_doorbell, this)) return false;
    ring_.start();
    if (ring_.take_bell()) ring_peer();
    return true;
}

Channel::Status Channel::try_send(std::span<std::byte const> message) {
    auto const status = ring_.send(message);
    if (ring_.take_bell()) ring_peer();
    return status;
}

Channel::Status Channel::try_receive(std::span<std::byte> into, std::size_t& size) {
    auto const status = ring_.receive(into, size);
    if (ring_.take_bell()) ring_peer();
    return status;
}

void Channel::wait() {
    if (!warned_) {
        ring_.will_sleep();
        warned_ = true;
        return;  // what came before the peer could know is found by another try
    }
    InterruptsMasked const masked;
    while (!rung_) wait_for_interrupt();
    rung_ = warned_ = false;
}

void Channel::ring_peer() const { mmio_write<std::uint32_t>(place_.doorbell.base + ring_register, 1); }

std::uint32_t Channel::peer() const { return mmio_read<std::uint32_t>(place_.doorbell.base + peer_register); }

void Channel::on_doorbell(std::uint32_t, void* self) {
    auto& channel = *static_cast<Channel*>(self);
    channel.rung_ = true;
    channel.rings_ = channel.rings_ + 1;
}

}  // namespace tiffin::sdk
