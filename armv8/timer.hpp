// Generic timer control bits. Source: Arm ARM, "CNTV_CTL_EL0", "CNTHP_CTL_EL2", "CNTHCTL_EL2".
#pragma once
#include <cstdint>

#include "base/bits.hpp"

namespace tiffin::armv8 {

struct TimerCtl {
    static constexpr std::uint64_t enable = 1, imask = 2, istatus = 4;
    /// Would it raise its interrupt once the deadline has passed?
    static constexpr bool armed(std::uint64_t ctl) { return (ctl & (enable | imask)) == enable; }
    static constexpr bool firing(std::uint64_t ctl) { return (ctl & (enable | imask | istatus)) == (enable | istatus); }
};

/// CNTHCTL_EL2 (E2H 0): guests read the physical counter, and trap on the physical timer, which EL2 emulates.
inline constexpr std::uint64_t cnthctl = bit(0);

}  // namespace tiffin::armv8
