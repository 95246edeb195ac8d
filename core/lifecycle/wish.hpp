// Internal to core/lifecycle.
#pragma once
#include <cstdint>

#include "core/vm/vm.hpp"

namespace tiffin::lifecycle {

/// Bits of Vm::wishes: first one for each abi::manage::Action, then what only the first vCPU's core can do, which has the timers.
namespace Wish {
inline constexpr std::uint32_t arm_restart = 1u << 8, watch = 1u << 9;
}

/// Has the core of the first vCPU see to it: at once where one core runs, else by mail, since who asks may hold a lock (the shell: the
/// console's).
void ask(Vm& vm, std::uint32_t wish);

/// It was going to start anew after a crash, and is not.
void give_up(Vm& vm);

/// The one function that changes a VM's state.
void enter(Vm& vm, VmState to);

}  // namespace tiffin::lifecycle
