// The end of the world, in words: our own bugs stop the machine with a report, refusals before the first guest with a reason.
#pragma once
#include <string_view>

#include "abi/plan.hpp"

namespace tiffin {

/// The status with which a machine stops that EL2 had to stop, as the harness sees it in "machine stopped: status N".
inline constexpr int status_panic = 70, status_refused = 78;

/// Tells where to print as long as there is no console. 0: nowhere.
void set_early_uart(std::uint64_t base);
/// Says why this image cannot run here, and turns the board off.
[[noreturn]] void refuse(std::string_view why);
/// Prints the line that harnesses wait for, and turns the board off.
[[noreturn]] void stop_machine(int status);

}  // namespace tiffin
