// The board's other cores: brought up one by one, each to the point where it runs what its mail says.
#pragma once
#include "core/cpu.hpp"
#include "drivers/gic/gic.hpp"

namespace tiffin {

/// On the core itself: its own interrupts, and how others reach it.
void set_up_core(Cpu& cpu, Gic& gic);
/// Whom this core runs first.
Vcpu* enter_first(Cpu& cpu);
/// With the MMU off: takes all cores out of the firmware's spin table, those that get nothing to do as well, since a VM's memory may be near.
void release_cores(PlanView const& plan);
/// Starts every core that has a vCPU, and waits for it; refuses, by name, one that does not come. How many run, this one included.
unsigned start_cores(Gic& gic);

}  // namespace tiffin
