#include "tool/check/pci.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "base/pci.hpp"

namespace tiffin {

std::optional<std::uint32_t> pci_function(std::string const& name) {
    auto const text = name.starts_with("0000:") ? name.substr(5) : name;
    if (text.size() != 7 || !text.starts_with("00:") || text[5] != '.' || text[6] < '0' || text[6] > '7') return std::nullopt;
    std::uint32_t device = 0;
    auto const [end, error] = std::from_chars(text.data() + 3, text.data() + 5, device, 16);
    if (error != std::errc{} || end != text.data() + 5 || device > 31) return std::nullopt;
    return device << 3 | static_cast<std::uint32_t>(text[6] - '0');
}

namespace {

bool names(std::string_view device, std::string_view option) { return device.find(option) != std::string_view::npos; }

/// Of QEMU's devices: a virtio function is behind the SMMU only if it is told to be. They stand from 00:01.0 on in their order, but for those
/// that say where, for the codecs of a sound card, which stand on its own bus, and for devices in virtio-mmio slots ("virtio-blk-device").
bool goes_past_the_smmu(Machine const& machine, std::uint32_t function) {
    std::uint32_t next = 1;
    for (auto const& text : machine.devices) {
        if (text.starts_with("hda-") || text.substr(0, text.find(',')).ends_with("-device")) continue;
        auto const device = next++;
        bool const placed = names(text, ",addr="),
                   told = names(text, ",iommu_platform=on") || names(text, ",iommu_platform=true");
        if (text.starts_with("virtio-") && !told && (placed || device == pci::device_of(function))) return true;
    }
    return false;
}

}  // namespace

bool check_pci(Domain const& domain, DeviceUse const& use, Board const& board, Machine const& machine, Problems& problems) {
    auto const& [name, at] = use.device;
    auto const function = pci_function(name);
    if (!function)
        return problems.add(at, fmt::format("PCI function \"{}\" is not of bus 0", name),
                            "its name as lspci writes it: \"00:02.0\"", "functions behind bridges can't be given away"),
               false;
    if (!board.pci)
        return problems.add(at, fmt::format("PCI function {} is not there: the board has no PCI host bridge", name),
                            "a board whose device tree has a node compatible with pci-host-ecam-generic"),
               false;
    if (!board.pci->problem.empty())
        return problems.add(at, fmt::format("PCI function {} can't be given away: of the board's host bridge, {}", name,
                                            board.pci->problem)),
               false;
    if (pci::device_of(*function) == 0)
        return problems.add(at, fmt::format("PCI function {} can't be given away: device 0 is the host bridge itself", name),
                            "a function of another device"),
               false;
    auto const whole = [&](DeviceUse const& other) { return other.pci && pci_function(other.device.value) == (*function & ~7u); };
    if (pci::number_of(*function) != 0 && std::ranges::none_of(domain.access, whole))
        return problems.add(at, fmt::format("PCI function {} stands without function 0 of its device", name),
                            fmt::format("\"00:{:02x}.0\" in the same domain", pci::device_of(*function)),
                            "a driver looks for the others only if function 0 is there"),
               false;
    if (board.pci->host.smmu == 0 && !use.dma_accepted)
        return problems.add(
                   at,
                   fmt::format("PCI function {} may do DMA, and nothing confines it to domain \"{}\": the board has no SMMUv3",
                               name, domain.name.value),
                   "an SMMUv3 (of QEMU: machine: {iommu: smmuv3})",
                   "to accept the risk, write beside it: dma: unfenced-this-vm-can-read-and-write-all-memory"),
               false;
    if (goes_past_the_smmu(machine, *function) && !use.dma_accepted)
        return problems.add(at,
                            fmt::format("PCI function {} goes past the SMMU, and nothing confines its DMA to domain \"{}\"", name,
                                        domain.name.value),
                            "iommu_platform=on,disable-legacy=on behind its name in \"devices\" of \"machine\"",
                            "to accept the risk, write beside it: dma: unfenced-this-vm-can-read-and-write-all-memory"),
               false;
    return true;
}

}  // namespace tiffin
