// Ends: of an app that is done, and of one that cannot go on.
#pragma once
#include <string_view>

namespace tiffin::sdk {

/// Stops this VM for good with `status` (0: success, 1..255 otherwise): Tiffin's Exit, or PSCI SYSTEM_OFF elsewhere.
[[noreturn]] void exit(unsigned status);

/// Says why and where, and stops the VM with status 255.
[[noreturn]] void panic(std::string_view what, char const* file = __builtin_FILE(), unsigned line = __builtin_LINE());

}  // namespace tiffin::sdk
