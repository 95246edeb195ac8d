// Saved program status and the vectors of EL1. Source: Arm ARM, "SPSR_EL2", "Exception vectors" (AArch64 exception entry).
#pragma once
#include <cstdint>

#include "base/bits.hpp"

namespace tiffin::armv8 {

struct Spsr {
    using M = Field<4, 0, unsigned>;  // 0b00101 is EL1h, bit 4 set is AArch32
    using DAIF = Field<9, 6, unsigned>;
    static constexpr std::uint64_t el0t = 0b00000, el1t = 0b00100, el1h = 0b00101;
    static constexpr std::uint64_t masked = 0xf << 6, irq_masked = 1 << 7;
    static constexpr std::uint64_t sp = 1 << 0;  // the stack is SP_ELx, not SP_EL0
    /// Kept by exception entry: everything but mode, masks, IL, SS, BTYPE, PAN, UAO as the Arm ARM's "AArch64.TakeException" sets
    /// them.
    static constexpr std::uint64_t nzcv = 0xfull << 28;
    static constexpr std::uint64_t pan = 1ull << 22;
};

/// How a vCPU starts: EL1 with SP_EL1, every interrupt masked (arm64 boot protocol; PSCI, "CPU_ON").
inline constexpr std::uint64_t start_pstate = Spsr::el1h | Spsr::masked;

constexpr bool is_el1(std::uint64_t pstate) { return (pstate & 0b11100) == 0b00100; }

/// Offset from VBAR_EL1 of the synchronous vector, for an exception taken from `pstate`.
constexpr std::uint64_t synchronous_vector(std::uint64_t pstate) {
    switch (Spsr::M::get(pstate)) {
        case Spsr::el1t: return 0x000;
        case Spsr::el1h: return 0x200;
        default: return (pstate & 0x10) != 0 ? 0x600 : 0x400;  // AArch32 or AArch64 EL0
    }
}

}  // namespace tiffin::armv8
