// This core's half of the interrupt controller: CPU interface and virtual interface, by system registers (GICv3) or MMIO (GICv2).
#pragma once
#include "core/irq/vgic.hpp"

namespace tiffin::arch {

/// The parts of the virtual CPU interface that belong to a vCPU, besides its list registers.
void save_gic(VgicCpu& to);
void load_gic(VgicCpu const& from);

/// Has the processor Privileged Access Never?
bool has_pan();

}  // namespace tiffin::arch
