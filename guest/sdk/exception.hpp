// What an app may do about its own faults. Without a hook, a fault is a panic with a register dump.
#pragma once
#include <cstddef>
#include <cstdint>

#include "guest/sdk/frame.h"

namespace tiffin::sdk {

/// The interrupted state, as vectors.S saves it. A hook may change all of it except esr and far.
struct Frame {
    std::uint64_t x[31];
    std::uint64_t pc, pstate, esr, far, sp;
    /// ESR_EL1.EC, the exception class.
    [[nodiscard]] unsigned ec() const { return static_cast<unsigned>(esr >> 26 & 0x3f); }
    /// ESR_EL1.ISS[5:0], the fault status of aborts (Arm ARM, "ISS encoding for an exception from a Data Abort").
    [[nodiscard]] unsigned fault_status() const { return static_cast<unsigned>(esr & 0x3f); }
};
static_assert(offsetof(Frame, pc) == 248 && sizeof(Frame) == FRAME_BYTES);

enum class FaultKind : std::uint8_t { Sync = KIND_SYNC, Fiq = KIND_FIQ, SError = KIND_SERROR, Other = KIND_OTHER };

/// Returns true if it dealt with the fault: execution goes on at frame.pc. Runs on the exception stack with interrupts masked.
using FaultHook = bool (*)(Frame& frame, FaultKind kind);

/// Installs a hook (nullptr: none) and returns the one before.
FaultHook set_fault_hook(FaultHook hook);

}  // namespace tiffin::sdk
