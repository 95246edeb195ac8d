#include "guest/sdk/caches.hpp"

#include <array>
#include <cstdint>

#include "guest/sdk/cpu.hpp"

namespace tiffin::sdk {

namespace {

// Stage-1 block descriptors of 1 GiB (Arm ARM, "VMSAv8-64 block descriptor formats"): 39-bit addresses, one table.
constexpr std::uint64_t valid_block = 1, access_flag = 1ull << 10, inner_shareable = 3ull << 8, never_execute = 3ull << 53;
constexpr std::uint64_t device_index = 0ull << 2, memory_index = 1ull << 2;
constexpr std::uint64_t mair = 0x04 | 0xffull << 8;  // index 0: Device-nGnRE; 1: Normal, write-back, allocating
constexpr std::uint64_t next_table = 3;
constexpr unsigned gib_shift = 30, large_shift = 21, mapped_gib = 8;
constexpr std::uint64_t tcr = 25 | 1ull << 8 | 1ull << 10 | 3ull << 12 | 1ull << 23;  // T0SZ, IRGN0, ORGN0, SH0, EPD1

consteval auto make_table() {
    std::array<std::uint64_t, 512> table{};
    table[0] = valid_block | access_flag | device_index | never_execute;
    for (std::uint64_t i = 1; i < mapped_gib; ++i)
        table[i] = i << gib_shift | valid_block | access_flag | inner_shareable | memory_index;
    return table;
}

alignas(4096) constinit auto table = make_table();
alignas(4096) constinit std::uint64_t first_gib[512] = {};  // level 2, once somebody has asked for other than devices there

/// The whole GiB as devices, in blocks of 2 MiB.
void split_first_gib() {
    if (first_gib[0] != 0) return;
    for (std::uint64_t i = 0; i < 512; ++i)
        first_gib[i] = i << large_shift | valid_block | access_flag | device_index | never_execute;
    InterruptsMasked const masked;
    table[0] = 0;  // break before make; nothing here is used meanwhile
    asm volatile("dsb sy; tlbi vmalle1; dsb sy; isb" : : : "memory");
    table[0] = reinterpret_cast<std::uint64_t>(&first_gib) | next_table;
    asm volatile("dsb sy; isb" : : : "memory");
}

}  // namespace

void turn_caches_on() {
    auto const ips = TIFFIN_READ(id_aa64mmfr0_el1) & 7;  // TCR_EL1.IPS: as many address bits as the CPU has
    TIFFIN_WRITE(mair_el1, mair);
    TIFFIN_WRITE(tcr_el1, tcr | ips << 32);
    TIFFIN_WRITE(ttbr0_el1, reinterpret_cast<std::uint64_t>(&table));
    asm volatile("dsb sy; tlbi vmalle1; dsb sy; isb" : : : "memory");
    TIFFIN_WRITE(sctlr_el1, TIFFIN_READ(sctlr_el1) | 1 | 1 << 2);  // M, C
}

bool caches_are_on() { return (TIFFIN_READ(sctlr_el1) & 1) != 0; }

void map_cached(DeviceTree::Range range) {
    split_first_gib();
    for (auto i = range.base >> large_shift; i <= (range.base + range.size - 1) >> large_shift && i < 512; ++i) {
        first_gib[i] = 0;
        asm volatile("dsb sy; tlbi vmalle1; dsb sy; isb" : : : "memory");
        first_gib[i] = i << large_shift | valid_block | access_flag | inner_shareable | memory_index | never_execute;
    }
    asm volatile("dsb sy; isb" : : : "memory");
}

}  // namespace tiffin::sdk
