// The board's PCI host bridge, and the SMMU behind it, from its device tree ("pci-host-ecam-generic", "arm,smmu-v3").
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "abi/plan.hpp"
#include "tool/board/fdt.hpp"

namespace tiffin {

struct PciBoard {
    abi::PciHost host{};  // smmu is 0 without one
    std::string problem;  // why functions can't be given away; empty if they can

    /// INTA of each device of bus 0, through "interrupt-map".
    std::vector<std::optional<Fdt::Interrupt>> inta = std::vector<std::optional<Fdt::Interrupt>>(32);
};

/// Nothing if the board has no such bridge. `gic` is the interrupt controller's node.
std::optional<PciBoard> read_pci(Fdt const& tree, int gic);

}  // namespace tiffin
