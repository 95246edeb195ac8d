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
constexpr unsigned gib_shift = 30, mapped_gib = 8;
constexpr std::uint64_t tcr = 25 | 1ull << 8 | 1ull << 10 | 3ull << 12 | 1ull << 23;  // T0SZ, IRGN0, ORGN0, SH0, EPD1

consteval auto make_table() {
    std::array<std::uint64_t, 512> table{};
    table[0] = valid_block | access_flag | device_index | never_execute;
    for (std::uint64_t i = 1; i < mapped_gib; ++i)
        table[i] = i << gib_shift | valid_block | access_flag | inner_shareable | memory_index;
    return table;
}

alignas(4096) constexpr auto table = make_table();

}  // namespace

void turn_caches_on() {
    auto const ips = TIFFIN_READ(id_aa64mmfr0_el1) & 7;  // TCR_EL1.IPS: as many address bits as the CPU has
    TIFFIN_WRITE(mair_el1, mair);
    TIFFIN_WRITE(tcr_el1, tcr | ips << 32);
    TIFFIN_WRITE(ttbr0_el1, reinterpret_cast<std::uint64_t>(&table));
    asm volatile("dsb sy; tlbi vmalle1; dsb sy; isb" : : : "memory");
    TIFFIN_WRITE(sctlr_el1, TIFFIN_READ(sctlr_el1) | 1 | 1 << 2);  // M, C
}

}  // namespace tiffin::sdk
