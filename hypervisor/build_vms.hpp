// From the plan to the machine: cores, VMs, their devices and interrupts. All that is ever allocated is allocated here.
#pragma once
#include "core/console/console.hpp"
#include "core/mem/pool.hpp"
#include "drivers/gic/gic.hpp"
#include "plan/view.hpp"

namespace tiffin {

/// Fills `machine` (VMs, cores, interrupt owners). VMs are off afterwards.
void build_machine(Pool& pool, PlanView const& plan, Console& console);
/// Lets the interrupts come, once every core is there: the VMs' to the core of their first vCPU, the UART's to core 0.
void connect_interrupts(PlanView const& plan, Gic& gic);

}  // namespace tiffin
