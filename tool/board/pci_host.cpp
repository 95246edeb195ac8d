#include "tool/board/pci_host.hpp"

#include <libfdt.h>

#include "abi/guest_map.hpp"
#include "base/pci.hpp"

namespace tiffin {
namespace {

constexpr std::uint32_t memory_32 = 0x0200'0000, space_mask = 0x0300'0000;  // IEEE 1275 PCI binding, "phys.hi"

constexpr std::uint64_t its_frame_bytes = 0x1'0000;  // GICv3 (IHI 0069), "The ITS register map": control, then translation
constexpr std::uint32_t qemu_first_spi = 80;         // hw/arm/virt.c, a15irqmap: INTIDs 80..143

std::uint64_t wide(std::vector<std::uint32_t> const& cells, std::size_t at) {
    return std::uint64_t{cells[at]} << 32 | cells[at + 1];
}

class Reader {
public:
    Reader(Fdt const& tree, int gic, int node) : tree_{tree}, gic_{gic}, node_{node} {}

    PciBoard run() {
        read_ecam();
        read_window();
        read_fence();
        if (out_.host.smmu != 0) read_messages();
        read_interrupts();
        return std::move(out_);
    }

private:
    void fail(std::string problem) {
        if (out_.problem.empty()) out_.problem = std::move(problem);
    }

    void read_ecam() {
        auto const reg = tree_.reg(node_);
        if (reg.empty() || reg[0].size < pci::ecam_bus_bytes) return fail("its ECAM is missing or smaller than a bus");
        auto const buses = tree_.cells(node_, "bus-range");
        if (!buses.empty() && buses[0] != 0) return fail("its first bus is not 0");
        out_.host.ecam = reg[0].base;
    }

    /// The first range of 32-bit memory that bus and cores see at the same address.
    void read_window() {
        auto const ranges = tree_.cells(node_, "ranges");  // 3 cells of the bus, 2 of the core, 2 of size
        for (std::size_t i = 0; i + 7 <= ranges.size(); i += 7) {
            auto const at = wide(ranges, i + 1);
            if ((ranges[i] & space_mask) != memory_32 || at != wide(ranges, i + 3)) continue;
            out_.host.window = at, out_.host.window_size = wide(ranges, i + 5);
            return;
        }
        fail("it has no window of 32-bit memory at the same address for cores and bus");
    }

    void read_fence() {
        auto const map = tree_.cells(node_, "iommu-map");  // first function, SMMU, first stream, how many
        if (map.size() < 4) return;
        auto const smmu = fdt_node_offset_by_phandle(tree_.data(), map[1]);
        if (smmu < 0 || !tree_.is_compatible(smmu, "arm,smmu-v3") || !tree_.is_enabled(smmu)) return;
        if (map[0] != 0 || map[2] != 0 || map[3] < pci::functions_of_a_bus)
            return fail("its \"iommu-map\" does not give the functions of bus 0 their own numbers");
        auto const reg = tree_.reg(smmu);
        auto const names = tree_.texts(smmu, "interrupt-names");
        auto const interrupts = tree_.interrupts(smmu, gic_);
        for (std::size_t i = 0; i < names.size() && i < interrupts.size(); ++i)
            if (names[i] == "eventq") out_.host.event_intid = interrupts[i].intid;
        if (reg.empty() || out_.host.event_intid == 0) return fail("its SMMU has no registers or no event interrupt");
        out_.host.smmu = reg[0].base;
    }

    /// Who takes the messages of bus 0, with functions under their own numbers: an ITS, or a GICv2m frame.
    void read_messages() {
        auto const map = tree_.cells(node_, "msi-map"), parent = tree_.cells(node_, "msi-parent");
        bool const whole = map.size() >= 4 && map[0] == 0 && map[2] == 0 && map[3] >= pci::functions_of_a_bus;
        if (!whole && parent.empty()) return;
        auto const taker = fdt_node_offset_by_phandle(tree_.data(), whole ? map[1] : parent[0]);
        auto const reg = taker < 0 ? std::vector<Range>{} : tree_.reg(taker);
        if (reg.empty() || !tree_.is_enabled(taker)) return;
        if (tree_.is_compatible(taker, "arm,gic-v3-its") && reg[0].size >= 2 * its_frame_bytes) {
            out_.host.its = reg[0].base, out_.host.msi = reg[0].base + its_frame_bytes;
            out_.host.msi_first = abi::guest_map::msi_intid;
        } else if (tree_.is_compatible(taker, "arm,gic-v2m-frame")) {
            read_frame(taker, reg[0]);
        }
    }

    /// The frame's register tells its SPIs, which a tool can't read: they have to stand in the tree, or the board is QEMU's virt.
    void read_frame(int frame, Range reg) {
        auto const first = tree_.cells(frame, "arm,msi-base-spi"), count = tree_.cells(frame, "arm,msi-num-spis");
        bool const named = !first.empty() && !count.empty();
        if (!named && !tree_.is_compatible(0, "linux,dummy-virt")) return;
        auto const spi = named ? first[0] : qemu_first_spi;
        if (named && count[0] < abi::guest_map::msi_count) return;
        if (spi < 32 || spi + abi::guest_map::msi_count > abi::guest_map::intid_count) return;
        out_.host.msi = reg.base, out_.host.msi_first = spi;
    }

    void read_interrupts() {
        auto const map = tree_.cells(node_, "interrupt-map"), mask = tree_.cells(node_, "interrupt-map-mask");
        auto const parent_cells = tree_.cells(gic_, "#address-cells");
        std::size_t const above = parent_cells.empty() ? 0 : parent_cells[0], entry = 4 + 1 + above + 3;
        if (mask.size() != 4) return;
        for (std::uint32_t device = 0; device < out_.inta.size(); ++device) {
            for (std::size_t i = 0; i + entry <= map.size(); i += entry) {
                bool const ours = map[i] == (device << 11 & mask[0]) && map[i + 3] == (1 & mask[3]);
                if (!ours || fdt_node_offset_by_phandle(tree_.data(), map[i + 4]) != gic_ || map[i + 5 + above] != 0) continue;
                out_.inta[device] = Fdt::Interrupt{32 + map[i + 6 + above], (map[i + 7 + above] & 3) != 0};
                break;
            }
        }
    }

    Fdt const& tree_;
    int gic_, node_;
    PciBoard out_;
};

}  // namespace

std::optional<PciBoard> read_pci(Fdt const& tree, int gic) {
    for (auto const node : tree.nodes())
        if (tree.is_compatible(node, "pci-host-ecam-generic") && tree.is_enabled(node)) return Reader{tree, gic, node}.run();
    return std::nullopt;
}

}  // namespace tiffin
