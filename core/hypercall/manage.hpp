// A VM manages others (abi/manage.hpp): by the calls Manage and Managed, or through its page (vdev/manager).
#pragma once
#include <cstdint>

#include "abi/hypercalls.hpp"
#include "abi/manage.hpp"

namespace tiffin {
struct Vm;
}

namespace tiffin::hypercall {

/// The VM that stands at place `index` among those that `manager` manages; nullptr: there is none.
Vm* managed(Vm const& manager, std::uint64_t index);
/// Asks for `action` (an abi::manage::Action) on it. NotPermitted: no such VM, or not its business; Busy: not in that VM's present state.
abi::Error manage(Vm const& manager, std::uint64_t index, std::uint64_t action);
/// What its vCPUs have run, in ticks.
std::uint64_t run_ticks(Vm const& vm);

}  // namespace tiffin::hypercall
