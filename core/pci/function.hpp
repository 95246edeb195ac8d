// A PCI function in the hands of a VM: its configuration space as the VM may see and change it (docs/decisions/0016).
//
//   command        the VM's: memory, bus master, interrupt disable; nothing else
//   BARs           assigned at boot and fixed for ever; sizing works (write all ones, read the mask); I/O BARs are not there
//   capabilities   vendor-specific ones (virtio's), read only; MSI and MSI-X where the board has something that takes messages: the
//                  VM's own are the enables, and of MSI address, data and masks (docs/decisions/0017). No power management, no PCI Express
//   ROM            is not there
//   the rest       of the header is read only; behind it nothing is there
#pragma once
#include <cstdint>
#include <span>

#include "abi/plan.hpp"
#include "base/mmio.hpp"
#include "base/pci.hpp"

namespace tiffin::pci {

struct Bar {
    std::uint32_t assigned{0};  // what the register reads: address and flags
    std::uint32_t mask{0};      // what it reads after all ones were written; 0: not there
    bool sizing{false};         // all ones were written last
};

struct Capability {
    std::uint8_t at{0}, size{0};
    std::uint32_t may_change{0};  // bits of its first word,
    bool rest_may_change{false};  // and of all others?
};

struct Function {
    static constexpr unsigned max_capabilities = 8;

    Mmio config{0};
    abi::PciRecord const* record{nullptr};
    Bar bars[pci::bars]{};
    Capability shown[max_capabilities]{};  // in the list's order
    std::uint8_t shown_count{0};
    bool has_messages{false};  // something takes what it would send

    /// `reg` is a word's offset below 4 KiB.
    [[nodiscard]] std::uint32_t read(std::uint32_t reg) const;
    void write(std::uint32_t reg, std::uint32_t value);
    /// No DMA, no interrupt, no answer at its BARs.
    void quiesce();

private:
    [[nodiscard]] std::uint32_t read_capability(std::uint32_t reg) const;
    void write_capability(std::uint32_t reg, std::uint32_t value);
    [[nodiscard]] std::uint32_t next_shown(unsigned index) const { return index < shown_count ? shown[index].at : 0u; }
};

}  // namespace tiffin::pci
