// The virtual timer (Arm ARM, "The Generic Timer in AArch64 state"): its compare register, and time in ticks of CNTVCT_EL0.
#pragma once
#include <cstdint>

#include "abi/guest_map.hpp"
#include "guest/sdk/cpu.hpp"

namespace tiffin::sdk::timer {

/// Its interrupt (a PPI): give it to interrupts::enable(). Level-triggered: it stays until set_deadline() or cancel().
inline constexpr std::uint32_t intid = abi::guest_map::virtual_timer_intid;

/// Ticks a second.
inline std::uint64_t frequency() { return TIFFIN_READ(cntfrq_el0); }

/// Ticks since the VM was created. The ISB keeps the read from being done early (Arm ARM, CNTVCT_EL0).
inline std::uint64_t now() {
    asm volatile("isb" : : : "memory");
    return TIFFIN_READ(cntvct_el0);
}

/// Raises the interrupt when now() reaches `ticks`; at once if it has. Masked meanwhile: a timer that is already on could fire
/// between the two writes, and a handler's cancel() would be undone by the second.
inline void set_deadline(std::uint64_t ticks) {
    InterruptsMasked const masked;
    TIFFIN_WRITE(cntv_cval_el0, ticks);
    TIFFIN_WRITE(cntv_ctl_el0, 1);
}

inline void cancel() { TIFFIN_WRITE(cntv_ctl_el0, 0); }

/// Conversions, rounded down; exact for whole seconds, and no overflow below 2^64 of the result.
inline std::uint64_t to_ns(std::uint64_t ticks, std::uint64_t hz = frequency()) {
    return ticks / hz * 1'000'000'000 + ticks % hz * 1'000'000'000 / hz;
}
inline std::uint64_t from_us(std::uint64_t us, std::uint64_t hz = frequency()) {
    return us / 1'000'000 * hz + us % 1'000'000 * hz / 1'000'000;
}

}  // namespace tiffin::sdk::timer
