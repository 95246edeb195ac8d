// What every app includes. An app defines app_main(); its result is the VM's exit status.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "guest/sdk/console.hpp"
#include "guest/sdk/cpu.hpp"
#include "guest/sdk/device_tree.hpp"
#include "guest/sdk/hypercall.hpp"
#include "guest/sdk/interrupts.hpp"
#include "guest/sdk/panic.hpp"
#include "guest/sdk/timer.hpp"

namespace tiffin::sdk {

struct Boot {
    DeviceTree tree;
    std::string_view arguments;  // /chosen bootargs
    std::uint64_t entry_ticks;   // CNTPCT_EL0 at the app's first instruction
    std::span<std::byte> spare;  // RAM behind the app, up to the device tree; empty without one
};

/// Facts that the start-up code found.
Boot const& boot();

}  // namespace tiffin::sdk

/// Defined by the app. Interrupts are unmasked, none enabled; the MMU is off (so all data is Device memory: no unaligned access).
unsigned app_main();

/// Bytes of stack, if 4096 are not what the app wants: put `TIFFIN_APP_STACK(16384)` in one source file. A multiple of 16.
#define TIFFIN_APP_STACK(bytes) asm(".global app_stack_bytes; .set app_stack_bytes, " #bytes)
