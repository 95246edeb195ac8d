// One VM with a virtio device (rng, in slot 0), and the VM that serves it, on one core. The driver is as small as one can be: one queue, one
// request at a time, and it looks at the used ring instead of taking an interrupt. Times are the physical counter's, which both share.
#include "abi/virtio.hpp"

#include <algorithm>
#include <array>

#include "abi/guest_map.hpp"
#include "guest/apps/bench/bench.hpp"
#include "guest/sdk/app.hpp"
#include "guest/sdk/caches.hpp"
#include "guest/sdk/virtio_server.hpp"

using namespace tiffin;
using namespace tiffin::sdk;

namespace bench {
namespace {

namespace v = abi::virtio;
using Register = v::mmio::Register;

constexpr std::uint32_t entries = 2;
struct Rings {
    alignas(16) v::Descriptor descriptors[entries];
    struct {
        std::uint16_t flags, index, ring[entries], used_event;
    } available;
    alignas(4) struct {
        std::uint16_t flags, index;
        v::UsedElement ring[entries];
        std::uint16_t available_event;
    } used;
};
constinit Rings volatile rings{};
alignas(8) constinit std::byte request_buffer[4096]{};

void set(Register at, std::uint64_t value) {
    mmio_write<std::uint32_t>(abi::guest_map::virtio + at, static_cast<std::uint32_t>(value));
}

void set_address(Register low, void const volatile* to) {
    auto const address = reinterpret_cast<std::uint64_t>(to);
    set(low, address);
    set(static_cast<Register>(low + 4), address >> 32);
}

/// "Device Initialization": no features but the version's.
void start_device(std::uint32_t bytes) {
    set(Register::StatusRegister, 0);
    set(Register::StatusRegister, v::acknowledge | v::driver);
    set(Register::DriverFeaturesSel, 1);
    set(Register::DriverFeatures, v::version_1 >> 32);
    set(Register::StatusRegister, v::acknowledge | v::driver | v::features_ok);
    rings.descriptors[0].address = reinterpret_cast<std::uint64_t>(request_buffer);
    rings.descriptors[0].length = bytes;
    rings.descriptors[0].flags = v::descriptor_write;
    rings.available.flags = v::no_interrupt;
    rings.used.flags = 0;
    set(Register::QueueSel, 0);
    set(Register::QueueNum, entries);
    set_address(Register::QueueDescLow, rings.descriptors);
    set_address(Register::QueueDriverLow, &rings.available);
    set_address(Register::QueueDeviceLow, &rings.used);
    set(Register::QueueReady, 1);
    set(Register::StatusRegister, v::acknowledge | v::driver | v::features_ok | v::driver_ok);
}

/// Posts the buffer; waits until it is done.
void knock() {
    std::uint16_t const next = rings.available.index + 1;
    asm volatile("dmb ish" ::: "memory");
    rings.available.index = next;
    asm volatile("dmb ish" ::: "memory");
    set(Register::QueueNotify, 0);
    while (rings.used.index != next) asm volatile("yield");
    asm volatile("dmb ish" ::: "memory");
}

/// Answers with the time at which its doorbell's handler began.
class Door final : public Service {
public:
    bool serve(Device& device) override {
        while (auto const request = device.next(0, {})) {
            auto const stamp = bench_stamp + (TIFFIN_READ(cntpct_el0) - TIFFIN_READ(cntvct_el0));
            __builtin_memcpy(answer_, &stamp, sizeof stamp);
            auto const size = request->writable() < sizeof answer_ ? request->writable() : sizeof answer_;
            request->finish(0, std::span{answer_}.first(size), Tell::WhenIdle);
        }
        return false;
    }

private:
    alignas(8) std::byte answer_[4096]{};
};

void print_median(std::string_view name, std::array<std::uint64_t, repeats + warm_up>& all) {
    auto* const first = all.begin() + warm_up;
    std::sort(first, all.end());
    print("bench: {}={} min={} max={}\n", name, first[repeats / 2], first[0], first[repeats - 1]);
}

}  // namespace

void knocker() {
    static constinit std::array<std::uint64_t, repeats + warm_up> to_handler{}, there_and_back{};
    turn_caches_on();
    start_device(static_cast<std::uint32_t>(argument(boot().arguments, "bench.bytes", sizeof(std::uint64_t))));
    for (std::size_t i = 0; i < to_handler.size(); ++i) {
        auto const begin = TIFFIN_READ(cntpct_el0);
        knock();
        there_and_back[i] = TIFFIN_READ(cntpct_el0) - begin;
        std::uint64_t stamp;
        __builtin_memcpy(&stamp, request_buffer, sizeof stamp);
        to_handler[i] = stamp - begin;
    }
    print_median("notify", to_handler);
    print_median("request", there_and_back);
}

void door() {
    turn_caches_on();
    Server server{serve_calls()};
    static constinit Door service;
    server.run(service);
}

}  // namespace bench
