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

    /// Where the first capability of this kind is; 0: there is none.
    [[nodiscard]] std::uint32_t capability(std::uint8_t kind) const {
        auto at = (read(pci::command) & pci::Status::capabilities) != 0 ? read(pci::capabilities) & 0xfc : 0;
        for (unsigned n = 0; n < pci::max_capabilities && at != 0; ++n, at = read(at) >> 8 & 0xfc)
            if ((read(at) & 0xff) == kind) return at;
        return 0;
    }
    /// From now on its interrupt is the message `data` to `address`. False: it has no MSI.
    [[nodiscard]] bool send_messages(std::uint64_t address, std::uint32_t data) const {
        auto const at = capability(pci::msi_capability);
        if (at == 0) return false;
        bool const wide = (read(at) & pci::Msi::is_64_bits) != 0;
        write(at + pci::Msi::address, static_cast<std::uint32_t>(address));
        if (wide) write(at + pci::Msi::address_high, static_cast<std::uint32_t>(address >> 32));
        write(at + (wide ? pci::Msi::data_64 : pci::Msi::data_32), data);
        write(at, read(at) | pci::Msi::enable);
        return true;
    }

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

/// Who takes messages (MSI) of the VM's functions: each is an edge of one of these SPIs.
struct MessageController {
    std::uint64_t address;
    std::uint32_t first, count;  // INTIDs; the message for one is its number
};
inline std::optional<MessageController> message_controller(DeviceTree const& tree) {
    constexpr auto name = "arm,gic-v2m-frame";
    auto const frame = tree.find_reg(name);
    if (!frame) return std::nullopt;
    auto const first = tree.find_property(name, 0, "arm,msi-base-spi"), count = tree.find_property(name, 0, "arm,msi-num-spis");
    if (first.empty() || count.empty()) return std::nullopt;
    return MessageController{frame->base + 0x40, static_cast<std::uint32_t>(DeviceTree::cells(first, 0, 1)),
                             static_cast<std::uint32_t>(DeviceTree::cells(count, 0, 1))};
}

/// The interrupt (INTID, a level) behind INTA of the function.
inline std::optional<std::uint32_t> pci_interrupt(DeviceTree const& tree, PciFunction const& function) {
    constexpr std::size_t cell = 4;
    std::size_t const above = message_controller(tree) ? 2 : 0;  // cells of an address of the controller's
    std::size_t const entry = (8 + above) * cell;                // function (3), pin, controller, that address, its three
    auto const map = tree.find_property("pci-host-ecam-generic", 0, "interrupt-map");
    for (std::size_t at = 0; at + entry <= map.size(); at += entry)
        if (DeviceTree::cells(map, at, 1) == function.number() << 8)
            return static_cast<std::uint32_t>(32 + DeviceTree::cells(map, at + (6 + above) * cell, 1));
    return std::nullopt;
}

}  // namespace tiffin::sdk
