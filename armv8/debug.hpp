// Self-hosted debug, as EL2 uses it on behalf of a debugger. Source: Arm ARM, "AArch64 Self-hosted Debug"; MDSCR_EL1, MDCR_EL2, DBGBCR<n>_EL1,
// DBGWCR<n>_EL1, "ISS encoding for an exception from a Breakpoint instruction".
#pragma once
#include <cstdint>

#include "base/bits.hpp"

namespace tiffin::armv8 {

struct MdscrEl1 {
    static constexpr std::uint64_t ss = 1ull << 0;    // an exception after each instruction
    static constexpr std::uint64_t mde = 1ull << 15;  // breakpoints and watchpoints fire
};

/// MDCR_EL2.TDE: debug exceptions of EL1 and EL0 go to EL2.
inline constexpr std::uint64_t mdcr_tde = 1ull << 8;
/// SPSR_EL2.SS: with MdscrEl1::ss, one instruction is executed before the exception.
inline constexpr std::uint64_t spsr_ss = 1ull << 21;

/// What a debugger may choose of DBGBCR<n>_EL1: enabled, EL1 and EL0 (PMC), which half (BAS). HMC, SSC and BT stay 0: an address of EL1
/// and EL0, and never EL2.
inline constexpr std::uint64_t bcr_allowed = 1ull << 0 | 0b11 << 1 | 0xf << 5;
/// Of DBGWCR<n>_EL1: enabled, EL1 and EL0 (PAC), load or store (LSC), bytes (BAS), and a range (MASK).
inline constexpr std::uint64_t wcr_allowed = 1ull << 0 | 0b11 << 1 | 0b11 << 3 | 0xff << 5 | 0x1full << 24;
/// An enabled one that names no level would be one of EL2 by SSC and HMC in later architectures: it is given EL1 and EL0.
constexpr std::uint64_t control_of(std::uint64_t wanted, std::uint64_t allowed) {
    return (wanted & 1) == 0 ? 0 : (wanted & allowed) | 0b11 << 1;
}
static_assert(control_of(~0ull, bcr_allowed) == 0x1e7 && control_of(0x1e6, bcr_allowed) == 0);

}  // namespace tiffin::armv8
