// Addresses that are nobody's: threats.md, "Memory".
#include "abi/guest_map.hpp"
#include "guest/apps/hostile/hostile.hpp"
#include "guest/sdk/caches.hpp"

// Answers with what its first instruction says.
extern "C" std::uint64_t hostile_answer();
asm(".pushsection .text.hostile_answer, \"ax\"; .balign 4; .global hostile_answer; hostile_answer: mov x0, #1; ret; .popsection");

namespace hostile {
namespace {

namespace map = tiffin::abi::guest_map;
using tiffin::sdk::mmio_read;
using tiffin::sdk::mmio_write;

/// Below, between and above everything that the map has; the last is the end of a 40-bit space.
constexpr std::uint64_t nowhere[] = {0x0,         0x0700'0000,  map::channel_doorbells, map::channel_memory,
                                     0x1000'0000, map::ram - 8, 0x40'0000'0000,         0xff'ffff'fff8};

Verdict read_nowhere() {
    for (auto const at : nowhere) {
        auto const v = first_of(expect_abort(attempt([at] { (void)mmio_read<std::uint8_t>(at); })),
                                expect_abort(attempt([at] { (void)mmio_read<std::uint32_t>(at); })),
                                expect_abort(attempt([at] { (void)mmio_read<std::uint64_t>(at); })));
        if (v != nullptr) return v;
    }
    return nullptr;
}

Verdict write_nowhere() {
    for (auto const at : nowhere) {
        auto const v = first_of(expect_abort(attempt([at] { mmio_write<std::uint8_t>(at, 0xff); })),
                                expect_abort(attempt([at] { mmio_write<std::uint32_t>(at, ~0u); })),
                                expect_abort(attempt([at] { mmio_write<std::uint64_t>(at, ~0ull); })));
        if (v != nullptr) return v;
    }
    return nullptr;
}

Verdict jump_nowhere() {
    return expect_abort(attempt([] { jump_to(0x1000'0000); }), Ec::InstructionAbort);
}
Verdict jump_to_zero() {
    return expect_abort(attempt([] { jump_to(0); }), Ec::InstructionAbort);
}
Verdict jump_into_the_distributor() {
    return expect_abort(attempt([] { jump_to(map::gicd); }), Ec::InstructionAbort);
}
Verdict jump_below_memory() {
    return expect_abort(attempt([] { jump_to(map::ram - 4); }), Ec::InstructionAbort);
}

/// Atomics and pairs where nothing is: no syndrome, and still an abort.
Verdict pair_nowhere() {
    return first_of(expect_abort(attempt([] {
                        asm volatile("ldp x9, x10, [%0]" : : "r"(0x1000'0000ull) : "x9", "x10", "memory");
                    })),
                    expect_abort(attempt([] {
                        asm volatile("stp xzr, xzr, [%0]" : : "r"(0x1000'0000ull) : "memory");
                    })));
}

/// Cleaning what is not there does nothing or aborts; it must not reach EL2 as an error of EL2's.
Verdict clean_nowhere() {
    auto const s = attempt([] {
        for (unsigned i = 0; i < 100; ++i) asm volatile("dc civac, %0; dsb sy" : : "r"(0x1000'0000ull) : "memory");
    });
    return s.faults == 0 || s.ec == Ec::DataAbort ? nullptr : "another exception class";
}

/// The code is the boot image's own page until it is written: the write must land in a copy, and be what is then fetched.
Verdict rewrite_own_code() {
    constexpr std::uint32_t mov_x0_1 = 0xd2800020, mov_x0_2 = 0xd2800040;
    auto const at = reinterpret_cast<std::uint64_t>(&hostile_answer);
    auto const write_code = [at](std::uint32_t instruction) {
        mmio_write<std::uint32_t>(at, instruction);
        asm volatile("dc cvau, %0; dsb ish; ic ivau, %0; dsb ish; isb" : : "r"(at) : "memory");
    };
    std::uint64_t got = 0;
    auto const s = attempt([&] {
        write_code(mov_x0_2);
        got = hostile_answer();
        write_code(mov_x0_1);
    });
    return first_of(expect_quiet(s), got == 2 ? nullptr : "old code ran", hostile_answer() == 1 ? nullptr : "new code stayed");
}

constexpr Case cases[] = {
    {"rewrite-own-code", rewrite_own_code},   {"read-nowhere", read_nowhere},
    {"write-nowhere", write_nowhere},         {"jump-nowhere", jump_nowhere},
    {"jump-to-zero", jump_to_zero},           {"jump-into-the-distributor", jump_into_the_distributor},
    {"jump-below-memory", jump_below_memory}, {"pair-nowhere", pair_nowhere},
    {"clean-nowhere", clean_nowhere},
};

/// A walk of the upper half through a table at `table`: an external abort on the walk, or on the access, and nothing else. The
/// lower half keeps its identity map, so that the vectors can run.
Verdict walk_through(std::uint64_t table) {
    constexpr std::uint64_t upper_half = 0xffff'ff80'0000'0000;      // T1SZ = 25
    constexpr std::uint64_t upper_walks = 25ull << 16 | 2ull << 30;  // T1SZ, TG1 = 4 KiB, EPD1 = 0
    constexpr std::uint64_t fields = 0xffffull << 16;                // TCR_EL1[31:16]
    auto const before = TIFFIN_READ(tcr_el1);
    TIFFIN_WRITE(ttbr1_el1, table);
    TIFFIN_WRITE(tcr_el1, (before & ~fields) | upper_walks);
    auto const s = attempt([] { (void)mmio_read<std::uint32_t>(upper_half); });
    TIFFIN_WRITE(tcr_el1, before);
    bool const on_the_walk = s.status >= 0x14 && s.status <= 0x17;
    if (s.faults == 0) return "no abort";
    if (s.ec != Ec::DataAbort) return "another exception class";
    return on_the_walk || s.status == external_abort ? nullptr : "another fault status";
}

Verdict tables_in_a_device() {
    tiffin::sdk::turn_caches_on();
    return walk_through(map::gicd);
}
Verdict tables_nowhere() { return walk_through(0x1000'0000); }

constexpr Case walk_cases[] = {
    {"stage-1-tables-in-a-device", tables_in_a_device},
    {"stage-1-tables-nowhere", tables_nowhere},
};

}  // namespace

std::span<Case const> memory_cases() { return cases; }
std::span<Case const> table_walk_cases() { return walk_cases; }

}  // namespace hostile
