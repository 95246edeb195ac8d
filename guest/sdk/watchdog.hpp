// The VM's watchdog, if its description says `watchdog: true`: Arm's SBSA generic watchdog (DEN 0094, "Generic Watchdog"). A VM that
// has started it and does not refresh it starts anew: an interrupt comes after one wait, the end after two.
#pragma once
#include <cstdint>

#include "abi/guest_map.hpp"
#include "guest/sdk/cpu.hpp"
#include "guest/sdk/timer.hpp"

namespace tiffin::sdk::watchdog {

/// Its first signal, a level: give it to interrupts::enable(). It stays until refresh().
inline constexpr std::uint32_t intid = abi::guest_map::watchdog_intid;

inline constexpr std::uint64_t refresh_frame = abi::guest_map::watchdog, control_frame = refresh_frame + 0x1'0000;

/// Half of what the VM may be silent for, in ticks of the timer; less than 2^48.
inline void start(std::uint64_t ticks) {
    mmio_write<std::uint64_t>(control_frame + 0x8, ticks);
    mmio_write<std::uint32_t>(control_frame, 1);
}

inline void refresh() { mmio_write<std::uint32_t>(refresh_frame, 0); }

inline void stop() { mmio_write<std::uint32_t>(control_frame, 0); }

}  // namespace tiffin::sdk::watchdog
