// From the plan to the machine: cores, VMs, their devices and interrupts. All that is ever allocated is allocated here.
#pragma once
#include "core/console/console.hpp"
#include "core/mem/pool.hpp"
#include "drivers/gic/gic.hpp"
#include "plan/view.hpp"

namespace tiffin {

/// Fills `machine` (VMs, cores, interrupt owners). VMs are off afterwards.
void build_machine(Pool& pool, PlanView const& plan, Console& console, Gic& gic);

}  // namespace tiffin
