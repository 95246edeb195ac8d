// The PCI functions that the VM was given (docs/pci.md): bus 0 of the host bridge in its device tree.
#pragma once
#include <cstdint>
#include <optional>

#include "base/pci.hpp"
#include "guest/sdk/cpu.hpp"
#include "guest/sdk/device_tree.hpp"

namespace tiffin::sdk {

class PciFunction {
public:
    /// `number`: device << 3 | function.
    PciFunction(std::uint64_t ecam, std::uint32_t number) : config_{ecam + number * pci::ecam_stride}, number_{number} {}

    [[nodiscard]] std::uint32_t number() const { return number_; }
    [[nodiscard]] std::uint32_t read(std::uint32_t reg) const { return mmio_read<std::uint32_t>(config_ + reg); }
    void write(std::uint32_t reg, std::uint32_t value) const { mmio_write(config_ + reg, value); }

    /// 15:0 vendor, 31:16 device.
    [[nodiscard]] std::uint32_t id() const { return read(pci::id); }
    /// Where memory BAR `n` is; 0 if it is not there.
    [[nodiscard]] std::uint64_t bar(unsigned n) const { return read(pci::bar0 + 4 * n) & ~pci::BarBits::flags; }
    /// Its BARs answer; with `dma` it may be a bus master.
    void enable(bool dma) const { write(pci::command, pci::Command::memory | (dma ? pci::Command::bus_master : 0)); }

private:
    std::uint64_t config_;
    std::uint32_t number_;
};

/// The first function of that vendor and device (PciFunction::id); nothing if the VM has none.
inline std::optional<PciFunction> find_pci(DeviceTree const& tree, std::uint32_t id) {
    auto const ecam = tree.find_reg("pci-host-ecam-generic");
    if (!ecam) return std::nullopt;
    for (std::uint32_t number = 0; number < pci::functions_of_a_bus; ++number) {
        PciFunction const function{ecam->base, number};
        if (function.id() == id) return function;
    }
    return std::nullopt;
}

/// The interrupt (INTID, a level) behind INTA of the function.
inline std::optional<std::uint32_t> pci_interrupt(DeviceTree const& tree, PciFunction const& function) {
    constexpr std::size_t cell = 4, entry = 8 * cell;  // function (3), pin, controller, its three
    auto const map = tree.find_property("pci-host-ecam-generic", 0, "interrupt-map");
    for (std::size_t at = 0; at + entry <= map.size(); at += entry)
        if (DeviceTree::cells(map, at, 1) == function.number() << 8)
            return static_cast<std::uint32_t>(32 + DeviceTree::cells(map, at + 6 * cell, 1));
    return std::nullopt;
}

}  // namespace tiffin::sdk
