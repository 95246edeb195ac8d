// A disk that another VM serves, driven in every way but the right one: threats.md, rows 29 and 33 to 35, 37 and 39. After each case a
// good driver finds the device, and its server, at work.
#include "guest/apps/hostile/driver.hpp"
#include "guest/apps/hostile/hostile.hpp"

namespace hostile {
namespace {

using namespace tiffin::sdk;
namespace map = tiffin::abi::guest_map;
namespace mmio = v::mmio;

std::uint64_t address(void const* of) { return reinterpret_cast<std::uint64_t>(of); }

Verdict still_works() { return driver().works() ? nullptr : "the device does not work any more"; }

/// Posts what `prepare` wrote into the rings: the device must ask for a reset.
template <class F>
Verdict refused(F prepare) {
    Driver& d = driver();
    d.start();
    prepare(d);
    d.post(0);
    (void)d.wait();
    if (!Driver::needs_reset()) return "the device does not ask for a reset";
    return still_works();
}

Verdict descriptor_loop() {
    return refused([](Driver& d) { d.rings.descriptors[0] = {address(d.data), 16, v::descriptor_next, 0}; });
}
Verdict chain_beyond_the_table() {
    return refused([](Driver& d) { d.rings.descriptors[0] = {address(d.data), 16, v::descriptor_next, 0xffff}; });
}
Verdict indirect_in_indirect() {
    return refused([](Driver& d) {
        d.rings.descriptors[1] = {address(&d.rings.descriptors[1]), 16, v::descriptor_indirect, 0};
        d.rings.descriptors[0] = {address(&d.rings.descriptors[1]), 16, v::descriptor_indirect, 0};
    });
}
Verdict indirect_outside_memory() {
    for (std::uint64_t const at :
         {std::uint64_t{0ull}, std::uint64_t{0x0800'0000ull}, std::uint64_t{~0ull - 15}, std::uint64_t{1ull << 47}}) {
        if (auto const verdict = refused([=](Driver& d) { d.rings.descriptors[0] = {at, 64, v::descriptor_indirect, 0}; }))
            return verdict;
    }
    return nullptr;
}
Verdict indirect_of_odd_length() {
    for (std::uint32_t const length : {0u, 1u, 17u, ~0u})
        if (auto const verdict =
                refused([=](Driver& d) { d.rings.descriptors[0] = {address(d.data), length, v::descriptor_indirect, 0}; }))
            return verdict;
    return nullptr;
}
Verdict read_after_write() {
    return refused([](Driver& d) {
        d.rings.descriptors[0] = {address(d.data), 16, v::descriptor_next | v::descriptor_write, 1};
        d.rings.descriptors[1] = {address(d.data), 16, 0, 0};
    });
}
Verdict available_index_jumps() {
    return refused([](Driver& d) { d.rings.available.index = 0x4000; });
}

/// Buffers where nothing is, or what is not RAM, in every size, of which none ends in RAM: no answer to them, and no harm.
Verdict buffers_outside_memory() {
    Driver& d = driver();
    for (std::uint64_t const at : {std::uint64_t{0ull}, std::uint64_t{map::gicd + 0ull}, std::uint64_t{map::ram - 0x2000},
                                   std::uint64_t{~0ull - 7}, std::uint64_t{1ull << 39}, std::uint64_t{1ull << 63}}) {
        for (std::uint32_t const length : {0u, 8u, 4096u, ~0u}) {
            d.start();
            d.rings.descriptors[0] = {at, length, v::descriptor_next, 1};
            d.rings.descriptors[1] = {at, length, v::descriptor_write, 0};
            d.post(0);
            (void)d.wait();
        }
    }
    return still_works();
}

Verdict rings_outside_memory() {
    Driver& d = driver();
    for (std::uint64_t const at : {std::uint64_t{0ull}, std::uint64_t{map::gicd + 0ull}, std::uint64_t{map::ram - 64},
                                   std::uint64_t{~0ull - 63}, std::uint64_t{(1ull << 39) + 0ull}}) {
        d.start(at);
        if (!Driver::needs_reset()) return "rings outside memory are taken";
    }
    return still_works();
}

Verdict rings_misaligned() {
    Driver& d = driver();
    for (std::uint64_t const by : {std::uint64_t{1ull}, std::uint64_t{2ull}, std::uint64_t{8ull}}) {
        d.start(address(&d.rings) + by);
        if (!Driver::needs_reset()) return "misaligned rings are taken";
    }
    return still_works();
}

/// Reset with requests out, again and again: none comes back to the new driver.
Verdict reset_in_flight() {
    Driver& d = driver();
    for (unsigned n = 0; n < 200; ++n) {
        d.start();
        d.header = {.type = v::block::in, .reserved = 0, .sector = n % 8};
        d.rings.descriptors[0] = {address(&d.header), sizeof d.header, v::descriptor_next, 1};
        d.rings.descriptors[1] = {address(d.data), 511, v::descriptor_next | v::descriptor_write, 2};
        d.rings.descriptors[2] = {address(&d.status), 1, v::descriptor_write, 0};
        for (unsigned i = 0; i <= n % 5; ++i) d.post(0);
        if (n % 3 == 0) hypercall::Yield();
        Driver::write(mmio::StatusRegister, 0);
    }
    return still_works();
}

Verdict beyond_the_end_of_the_disk() {
    Driver& d = driver();
    d.start();
    std::uint64_t const capacity = Driver::read(mmio::Config) | std::uint64_t{Driver::read(mmio::Config + 4)} << 32;
    for (std::uint64_t const sector : {std::uint64_t{capacity}, std::uint64_t{capacity + 1}, std::uint64_t{~0ull},
                                       std::uint64_t{~0ull - 1}, std::uint64_t{1ull << 55}})
        if (d.read_sector(sector) != v::block::io_error) return "a sector behind the end is read";
    return still_works();
}

Verdict notify_storm() {
    Driver& d = driver();
    d.start();
    auto const s = attempt([] {
        for (unsigned n = 0; n < 10'000; ++n) Driver::write(mmio::QueueNotify, n % 3 == 0 ? 0 : n);
    });
    return first_of(expect_quiet(s), still_works());
}

Verdict registers_in_every_size() {
    auto const s = attempt([] {
        for (std::uint32_t at = 0; at < 0x200; at += 8) {
            (void)mmio_read<std::uint64_t>(Driver::base + at);
            mmio_write<std::uint64_t>(Driver::base + at, ~0ull);
        }
        for (std::uint32_t at = 0; at < 0x200; ++at) {
            (void)mmio_read<std::uint8_t>(Driver::base + at);
            mmio_write<std::uint8_t>(Driver::base + at, 0xff);
        }
        for (std::uint32_t at = 0; at < 0x200; at += 4) {
            (void)Driver::read(at);
            Driver::write(at, at * 0x0101'0101);
        }
    });
    return first_of(expect_quiet(s), still_works());
}

Verdict features_after_the_fact() {
    Driver& d = driver();
    d.start();
    Driver::write(mmio::DriverFeaturesSel, 0);
    Driver::write(mmio::DriverFeatures, ~0u);
    Driver::write(mmio::QueueNum, 7);
    Driver::write(mmio::QueueDescLow, 0);
    return d.read_sector(0) == v::block::ok ? still_works() : "a live queue was changed";
}

/// The calls of a server, from a VM that serves nobody.
Verdict serving_nobody() {
    using tiffin::abi::Error;
    auto const refused_call = [](Answer const& got) {
        return signed_x0(got) == static_cast<std::int64_t>(Error::InvalidParameter);
    };
    for (std::uint64_t const device : {std::uint64_t{0ull}, std::uint64_t{1ull}, std::uint64_t{63ull}, std::uint64_t{64ull},
                                       std::uint64_t{255ull}, std::uint64_t{1ull << 32}, std::uint64_t{~0ull}}) {
        bool const all = refused_call(hypercall::ServeStart(device)) &&
                         refused_call(hypercall::ServeNext(device, map::ram, 64)) &&
                         refused_call(hypercall::ServeRead(device, 0, map::ram, 64)) &&
                         refused_call(hypercall::ServeWrite(device, 0, map::ram, 64)) &&
                         refused_call(hypercall::ServeComplete(device, 0, map::ram, 64, 0)) &&
                         refused_call(hypercall::ServeInfo(device, 0)) && refused_call(hypercall::ServeConfig(device, 0, ~0ull));
        if (!all) return "another answer";
    }
    return hypercall::ServeNews().x1 == 0 ? nullptr : "news of a device that is not there";
}

constexpr Case calls[] = {{"serving-nobody", serving_nobody}};

constexpr Case cases[] = {
    {"virtio-descriptor-loop", descriptor_loop},
    {"virtio-chain-beyond-the-table", chain_beyond_the_table},
    {"virtio-indirect-in-indirect", indirect_in_indirect},
    {"virtio-indirect-outside-memory", indirect_outside_memory},
    {"virtio-indirect-of-odd-length", indirect_of_odd_length},
    {"virtio-read-after-write", read_after_write},
    {"virtio-available-index-jumps", available_index_jumps},
    {"virtio-buffers-outside-memory", buffers_outside_memory},
    {"virtio-rings-outside-memory", rings_outside_memory},
    {"virtio-rings-misaligned", rings_misaligned},
    {"virtio-reset-in-flight", reset_in_flight},
    {"virtio-beyond-the-end-of-the-disk", beyond_the_end_of_the_disk},
    {"virtio-notify-storm", notify_storm},
    {"virtio-registers-in-every-size", registers_in_every_size},
    {"virtio-features-after-the-fact", features_after_the_fact},
};

}  // namespace

std::span<Case const> virtio_cases() { return Driver::exists() ? std::span<Case const>{cases} : std::span<Case const>{}; }
std::span<Case const> serve_cases() { return calls; }

}  // namespace hostile
