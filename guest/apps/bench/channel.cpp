// Two VMs of one core with a channel "bench" between them. Times are the physical counter's, which both share.
#include "guest/sdk/channel.hpp"

#include <algorithm>
#include <array>

#include "guest/apps/bench/bench.hpp"
#include "guest/sdk/app.hpp"

using namespace tiffin::sdk;

namespace bench {
namespace {

constexpr std::size_t message_bytes = 1024;
constexpr std::uint64_t messages = 512;

ChannelPlace place() {
    auto const found = find_channel(boot().tree, "bench");
    if (!found) panic("there is no channel \"bench\"");
    return *found;
}

constinit std::array<std::uint64_t, repeats + warm_up> latencies{};
constinit std::size_t volatile taken = 0;

/// The ringer has left its time in its half.
void on_bell(std::uint32_t, void* other) {
    auto const stamp = bench_stamp + (TIFFIN_READ(cntpct_el0) - TIFFIN_READ(cntvct_el0));
    if (taken < latencies.size()) latencies[taken] = stamp - *static_cast<std::uint64_t const volatile*>(other);
    taken = taken + 1;
}

}  // namespace

void bell() {
    InterruptsMasked const masked;
    auto const p = place();
    interrupts::set_edge(p.intid);
    interrupts::enable(p.intid, 0x80, on_bell, reinterpret_cast<void*>(p.other()));
    while (taken < latencies.size()) wait_for_interrupt();
    auto* const first = latencies.begin() + warm_up;
    std::sort(first, latencies.end());
    print("bench: doorbell={} min={} max={}\n", first[repeats / 2], first[0], first[repeats - 1]);
}

void ringer() {
    auto const p = place();
    bool const call = argument(boot().arguments, "bench.call").has_value();
    auto* const time = reinterpret_cast<std::uint64_t volatile*>(p.own());
    for (std::size_t i = 0; i < latencies.size(); ++i) {
        *time = TIFFIN_READ(cntpct_el0);
        if (call)
            hypercall::ChannelRing(0);
        else
            mmio_write<std::uint32_t>(p.doorbell.base, 1);
    }
}

void source() {
    static constinit Channel channel{};
    alignas(8) static constinit std::array<std::byte, message_bytes> message{};
    channel.open("bench");
    for (std::uint64_t n = 0; n < messages;) {
        auto const now = TIFFIN_READ(cntpct_el0);
        __builtin_memcpy(message.data(), &now, sizeof now);
        if (channel.try_send(message) == Channel::Status::Done)
            ++n;
        else
            channel.wait();
    }
    std::size_t size = 0;
    while (channel.try_receive(message, size) != Channel::Status::Done) channel.wait();  // stays until all has been taken
}

void sink() {
    static constinit Channel channel{};
    alignas(8) static constinit std::array<std::byte, message_bytes> message{};
    channel.open("bench");
    std::uint64_t began = 0;
    for (std::uint64_t n = 0; n < messages;) {
        std::size_t size = 0;
        if (channel.try_receive(message, size) != Channel::Status::Done) {
            channel.wait();
            continue;
        }
        if (n++ == 0) __builtin_memcpy(&began, message.data(), sizeof began);
    }
    print("bench: through_channel={}\n", (TIFFIN_READ(cntpct_el0) - began) / messages);
    while (channel.try_send(message) != Channel::Status::Done) channel.wait();
}

}  // namespace bench
