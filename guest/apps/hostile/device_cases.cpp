// Emulated devices, spoken to in every way but the right one: threats.md, rows 7, 14 and 22.
#include "abi/guest_map.hpp"
#include "guest/apps/hostile/hostile.hpp"

namespace hostile {
namespace {

namespace map = tiffin::abi::guest_map;
using tiffin::sdk::mmio_read;
using tiffin::sdk::mmio_write;

constexpr std::uint64_t typer = map::gicd + 4;

/// The alignment check comes first where memory is Device: either abort is right.
Verdict expect_some_abort(Seen const& s) {
    if (s.faults == 0) return "no abort";
    if (s.ec != Ec::DataAbort) return "another exception class";
    return s.status == external_abort || s.status == alignment_fault ? nullptr : "another fault status";
}

Verdict load_pair() {
    return expect_abort(attempt([] { asm volatile("ldp w9, w10, [%0]" : : "r"(map::gicd) : "x9", "x10", "memory"); }));
}
Verdict store_pair() {
    return expect_abort(attempt([] { asm volatile("stp wzr, wzr, [%0]" : : "r"(map::gicd + 0x400) : "memory"); }));
}
Verdict load_exclusive() {
    return expect_abort(attempt([] { asm volatile("ldxr w9, [%0]; clrex" : : "r"(typer) : "x9", "memory"); }));
}
Verdict load_with_write_back() {
    return expect_abort(attempt([] {
        std::uint64_t at = map::gicd;
        asm volatile("ldr w9, [%0, #4]!" : "+r"(at) : : "x9", "memory");
    }));
}
Verdict unaligned_word() {
    return first_of(expect_some_abort(attempt([] { (void)mmio_read<std::uint32_t>(map::gicd + 0x402); })),
                    expect_some_abort(attempt([] { mmio_write<std::uint32_t>(map::gicd + 0x402, 0); })));
}
Verdict straddle_the_end() {
    return first_of(expect_some_abort(attempt([] { (void)mmio_read<std::uint64_t>(map::pl011 + map::pl011_size - 4); })),
                    expect_some_abort(attempt([] { mmio_write<std::uint64_t>(map::gicd - 4, 0); })));
}
/// DC ZVA to Device memory is an alignment fault, whatever the address (Arm ARM, DC ZVA).
Verdict zero_a_block() {
    return expect_some_abort(attempt([] { asm volatile("dc zva, %0" : : "r"(map::gicd) : "memory"); }));
}

/// Whatever each access gives, the distributor stays itself.
template <class T>
Seen read_all(std::uint64_t base, std::uint64_t size) {
    return attempt([=] {
        for (std::uint64_t at = base; at < base + size; at += sizeof(T)) (void)mmio_read<T>(at);
    });
}

Verdict unharmed(Seen const& s, std::uint32_t typer_before) {
    if (s.faults != 0 && s.ec != Ec::DataAbort) return "another exception class";
    return mmio_read<std::uint32_t>(typer) == typer_before ? nullptr : "GICD_TYPER changed";
}

Verdict read_distributor_in_every_size() {
    auto const before = mmio_read<std::uint32_t>(typer);
    return first_of(unharmed(read_all<std::uint8_t>(map::gicd, 0x1000), before),
                    unharmed(read_all<std::uint32_t>(map::gicd, 0x1000), before),
                    unharmed(read_all<std::uint64_t>(map::gicd, map::gicd_size), before));
}

/// Both frames of the one redistributor, or on a GICv2 the nothing at its place; and the nothing behind it.
Verdict read_redistributors() {
    auto const before = mmio_read<std::uint32_t>(typer);
    auto const beyond = attempt([] { (void)mmio_read<std::uint32_t>(map::gicr + map::gicr_stride); });
    return first_of(unharmed(read_all<std::uint8_t>(map::gicr, 0x1000), before),
                    unharmed(read_all<std::uint32_t>(map::gicr, 0x1000), before),
                    unharmed(read_all<std::uint32_t>(map::gicr + 0x1'0000, 0x1000), before),
                    unharmed(read_all<std::uint64_t>(map::gicr + 0x1'0000, 0x1000), before), expect_abort(beyond));
}

/// Identification and reserved registers of the distributor: writes change nothing.
Verdict write_read_only_registers() {
    auto const before = mmio_read<std::uint32_t>(typer);
    auto const s = attempt([] {
        for (auto const offset : {0x004u, 0x008u, 0x00cu, 0x030u, 0x07cu, 0xfd0u, 0xfe8u, 0xffcu}) {
            mmio_write<std::uint32_t>(map::gicd + offset, ~0u);
            mmio_write<std::uint8_t>(map::gicd + offset, 0xff);
            mmio_write<std::uint64_t>(map::gicd + (offset & ~7u), ~0ull);
        }
    });
    return unharmed(s, before);
}

Verdict read_uart_everywhere() {
    auto const s = read_all<std::uint8_t>(map::pl011, map::pl011_size);
    return s.faults == 0 || s.ec == Ec::DataAbort ? nullptr : "another exception class";
}

/// Every reserved and read-only register of the UART, with everything set; then its masks as they were.
Verdict write_uart_everywhere() {
    auto const s = attempt([] {
        for (std::uint64_t offset = 0x04; offset < map::pl011_size; offset += 4)
            mmio_write<std::uint32_t>(map::pl011 + offset, ~0u);
        mmio_write<std::uint32_t>(map::pl011 + 0x38, 0);      // UARTIMSC: no interrupts
        mmio_write<std::uint32_t>(map::pl011 + 0x48, 0);      // UARTDMACR
        mmio_write<std::uint32_t>(map::pl011 + 0x2c, 0x70);   // UARTLCR_H: 8 bits, FIFOs
        mmio_write<std::uint32_t>(map::pl011 + 0x30, 0x301);  // UARTCR: enabled, both ways
    });
    return s.faults == 0 || s.ec == Ec::DataAbort ? nullptr : "another exception class";
}

/// Text faster than any line can send it: taken, delayed or dropped, but never anybody else's problem.
Verdict flood_the_console() {
    return expect_quiet(attempt([] {
        for (unsigned i = 0; i < 40; ++i) tiffin::sdk::write("hostile: flood: 0123456789abcdefghijklmnopqrstuvwxyz\n");
    }));
}

constexpr Case cases[] = {
    {"device-load-pair", load_pair},
    {"device-store-pair", store_pair},
    {"device-load-exclusive", load_exclusive},
    {"device-load-with-write-back", load_with_write_back},
    {"device-unaligned-word", unaligned_word},
    {"device-straddle-the-end", straddle_the_end},
    {"device-zero-a-block", zero_a_block},
    {"read-distributor-in-every-size", read_distributor_in_every_size},
    {"read-redistributors", read_redistributors},
    {"write-read-only-registers", write_read_only_registers},
    {"read-uart-everywhere", read_uart_everywhere},
    {"write-uart-everywhere", write_uart_everywhere},
    {"flood-the-console", flood_the_console},
};

}  // namespace

std::span<Case const> device_cases() { return cases; }

}  // namespace hostile
