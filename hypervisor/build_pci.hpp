// PCI functions given to VMs: what they are is found out at boot, and their DMA is fenced before anybody runs.
#pragma once
#include "core/mem/pool.hpp"
#include "drivers/gic/gic.hpp"
#include "plan/view.hpp"

namespace tiffin {

/// After the VMs are built, and before one runs. Refuses a board that has not what the plan says.
void build_pci(Pool& pool, PlanView const& plan);
/// Routes the SMMU's event interrupt to core 0, and messages to the cores of their VMs: all cores have been started.
void connect_pci(PlanView const& plan, Gic& gic);
/// True if `intid` was the SMMU's.
bool on_smmu_interrupt(std::uint32_t intid);

}  // namespace tiffin
