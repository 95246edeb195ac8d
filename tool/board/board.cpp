#include "tool/board/board.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/addr.hpp"

namespace tiffin {
namespace {

// Devices that are known to have no DMA of their own. Whatever is not listed may reach all memory, and is refused without
// consent.
constexpr std::string_view without_dma[] = {"arm,pl061",      "arm,pl031",     "arm,pl011",        "arm,sp804",
                                            "arm,sp805",      "ns16550a",      "snps,dw-apb-uart", "cdns,uart-r1p12",
                                            "cdns,uart-r1p8", "xlnx,xuartps",  "cfi-flash",        "xlnx,zynqmp-gpio-1.0",
                                            "cdns,ttc",       "cdns,wdt-r1p2", "cdns,i2c-r1p14"};

/// Removes `hole` from ascending ranges.
std::vector<Range> subtract(std::vector<Range> const& ranges, Range hole) {
    std::vector<Range> out;
    for (auto const& r : ranges) {
        if (!overlaps(r, hole)) {
            out.push_back(r);
            continue;
        }
        if (hole.base > r.base) out.push_back({r.base, hole.base - r.base});
        auto const end = r.base + r.size, hole_end = hole.base + hole.size;
        if (hole_end < end) out.push_back({hole_end, end - hole_end});
    }
    return out;
}

class Reader {
public:
    Reader(Fdt const& tree, std::vector<std::string>& why) : tree_{tree}, why_{why} {}

    bool run(Board& board) {
        auto const model = tree_.text(0, "model");
        board.name = model.empty() ? tree_.text(0, "compatible") : model;
        if (board.name.empty()) board.name = "unnamed board";
        read_memory(board);
        read_cores(board);
        read_gic(board.record);
        if (gic_ >= 0) read_timer(board.record), read_uart(board.record), read_devices(board), board.pci = read_pci(tree_, gic_);
        read_psci(board.record);
        return why_.empty();
    }

private:
    void fail(std::string reason) { why_.push_back(std::move(reason)); }

    void read_memory(Board& board) {
        for (auto const node : tree_.nodes()) {
            if (tree_.text(node, "device_type") != "memory" || !tree_.is_enabled(node)) continue;
            for (auto const& r : tree_.reg(node)) add_memory(board, r);
        }
        std::ranges::sort(board.memory, {}, &Range::base);
        if (std::ranges::adjacent_find(board.memory, overlaps) != board.memory.end()) fail("two memory nodes overlap");
        read_reserved(board);
        for (auto const& hole : board.reserved) board.memory = subtract(board.memory, hole);
        if (board.memory.empty()) fail("there is no memory node with RAM");
        if (board.memory.size() > abi::max_memory_records) fail("RAM is in more pieces than the hypervisor takes");
    }

    void add_memory(Board& board, Range r) {
        if (r.size > ~r.base) return fail("a memory node wraps around the address space");
        auto const base = align_up(r.base, page_size), end = (r.base + r.size) & ~(page_size - 1);
        if (base < end) board.memory.push_back({base, end - base});
    }

    void read_reserved(Board& board) {
        auto const add = [&](Range r) {
            auto const base = r.base & ~(page_size - 1);
            if (r.size != 0 && r.size <= ~r.base) board.reserved.push_back({base, align_up(r.base + r.size, page_size) - base});
        };
        for (auto const& r : tree_.memory_reservations()) add(r);
        auto const parent = tree_.node("/reserved-memory");
        if (parent < 0) return;
        for (auto const node : tree_.children(parent)) {
            if (!tree_.is_enabled(node)) continue;
            for (auto const& r : tree_.reg(node)) add(r);
        }
    }

    void read_cores(Board& board) {
        auto const cpus = tree_.node("/cpus");
        auto& record = board.record;
        for (auto const node : cpus < 0 ? std::vector<int>{} : tree_.children(cpus)) {
            if (tree_.text(node, "device_type") != "cpu") continue;
            auto const word = read_release(board, node);
            if (record.cpu_count == abi::max_cpus) continue;  // the hypervisor leaves the others where they are
            std::uint64_t mpidr = 0;
            for (auto const cell : tree_.cells(node, "reg")) mpidr = mpidr << 32 | cell;
            record.mpidr[record.cpu_count] = mpidr;
            record.release[record.cpu_count++] = word;
        }
        if (record.cpu_count == 0) fail("there is no cpu node");
    }

    /// The word that a core in a spin table watches (Linux, "Documentation/arm64/booting.rst"); 0: it is not in one. The loop lies beside
    /// the word, and a core that no VM uses is in it too: a VM with that memory would have the core, at EL2 or above.
    std::uint64_t read_release(Board const& board, int node) {
        if (tree_.text(node, "enable-method") != "spin-table") return 0;
        std::uint64_t word = 0;
        for (auto const cell : tree_.cells(node, "cpu-release-addr")) word = word << 32 | cell;
        if (word == 0 || word % 8 != 0)
            fail(fmt::format("{} waits in a spin table, and its cpu-release-addr is missing or no multiple of 8",
                             tree_.path(node)));
        if (std::ranges::any_of(board.memory, [&](Range const& r) { return overlaps(r, {word, 8}); }))
            fail(fmt::format("{} waits in a spin table at {:#x}, in memory that the tree does not reserve: a VM could get it",
                             tree_.path(node), word));
        return word;
    }

    void read_gic(abi::BoardRecord& record) {
        for (auto const node : tree_.nodes()) {
            if (!tree_.is_enabled(node)) continue;
            if (tree_.is_compatible(node, "arm,gic-v3")) return read_gic_v3(node, record);
            for (auto const* name : {"arm,cortex-a15-gic", "arm,gic-400", "arm,cortex-a7-gic"}) {
                if (tree_.is_compatible(node, name)) return read_gic_v2(node, record);
            }
        }
        fail("there is no GICv2 or GICv3 (compatible arm,gic-v3, arm,gic-400 or arm,cortex-a15-gic)");
    }

    void read_gic_v3(int node, abi::BoardRecord& record) {
        constexpr std::uint64_t stride = 0x2'0000;  // RD_base and SGI_base frame
        auto const reg = tree_.reg(node);
        if (reg.size() < 2) return fail("the GICv3 node has no distributor and redistributor in \"reg\"");
        gic_ = node;
        record.gic_version = abi::GicVersion::V3;
        record.gicd = reg[0].base, record.gicd_size = reg[0].size;
        record.gicr = reg[1].base, record.gicr_size = reg[1].size;
        if (record.gicr_size / stride < record.cpu_count)
            fail("the first GICv3 redistributor region is smaller than the cores need");
        read_maintenance(record);
    }

    void read_gic_v2(int node, abi::BoardRecord& record) {
        auto const reg = tree_.reg(node);
        if (reg.size() < 4) return fail("the GICv2 node has no GICH and GICV in \"reg\": virtualization needs them");
        gic_ = node;
        record.gic_version = abi::GicVersion::V2;
        record.gicd = reg[0].base, record.gicd_size = align_up(reg[0].size, page_size);
        record.gicc = reg[1].base, record.gicc_size = align_up(reg[1].size, page_size);
        record.gich = reg[2].base, record.gich_size = align_up(reg[2].size, page_size);
        record.gicv = reg[3].base, record.gicv_size = align_up(reg[3].size, page_size);
        read_maintenance(record);
    }

    void read_maintenance(abi::BoardRecord& record) {
        auto const interrupts = tree_.interrupts(gic_, gic_);
        if (interrupts.empty()) return fail("the GIC node has no maintenance interrupt in \"interrupts\"");
        record.maintenance_intid = interrupts[0].intid;
    }

    void read_timer(abi::BoardRecord& record) {
        for (auto const node : tree_.nodes()) {
            if (!tree_.is_compatible(node, "arm,armv8-timer")) continue;
            auto const interrupts = tree_.interrupts(node, gic_);  // secure, non-secure, virtual, hypervisor
            if (interrupts.size() < 4) break;
            record.physical_timer_intid = interrupts[1].intid;
            record.virtual_timer_intid = interrupts[2].intid;
            record.hyp_timer_intid = interrupts[3].intid;
            return;
        }
        fail("there is no arm,armv8-timer node with four interrupts");
    }

    void read_uart(abi::BoardRecord& record) {
        auto path = tree_.text(tree_.node("/chosen"), "stdout-path");
        path = path.substr(0, path.find(':'));  // "serial0:115200n8"
        uart_ = path.empty() ? -1 : tree_.node(path);
        if (uart_ < 0) return fail("/chosen has no stdout-path that names a UART: the hypervisor could not say anything");
        auto const reg = tree_.reg(uart_);
        auto const interrupts = tree_.interrupts(uart_, gic_);
        if (tree_.is_compatible(uart_, "arm,pl011")) record.uart_kind = abi::UartKind::Pl011;
        if (record.uart_kind == abi::UartKind::None)
            return fail(fmt::format("the console UART {} is of a kind without a driver: Tiffin drives a PL011", path));
        if (reg.empty() || interrupts.empty())
            return fail(fmt::format("the console UART {} has no registers or no interrupt", path));
        record.uart = reg[0].base, record.uart_size = align_up(reg[0].size, page_size), record.uart_intid = interrupts[0].intid;
    }

    void read_psci(abi::BoardRecord& record) {
        auto const method = tree_.text(tree_.node("/psci"), "method");
        if (method == "smc") record.psci = abi::PsciConduit::Smc;
        if (method == "hvc") record.psci = abi::PsciConduit::Hvc;
    }

    void read_devices(Board& board) {
        for (auto const node : tree_.nodes()) {
            if (!tree_.has(node, "reg") || !tree_.is_enabled(node) || tree_.text(node, "device_type") == "memory") continue;
            BoardDevice device{.node = node,
                               .path = tree_.path(node),
                               .name = tree_.name(node),
                               .reg = tree_.reg(node),
                               .interrupts = tree_.interrupts(node, gic_),
                               .may_do_dma = true,
                               .owned_as = {}};
            if (device.reg.empty() || device.path.starts_with("/reserved-memory/")) continue;
            device.may_do_dma = !has_no_dma(node);
            if (tree_.is_compatible(node, "arm,smmu-v3")) device.owned_as = "the fence around the DMA of PCI functions";
            if (node == uart_) device.owned_as = "its console UART";
            if (node == gic_ || tree_.parent(node) == gic_) device.owned_as = "its interrupt controller";
            if (holds_spin_table(device, board.record)) device.owned_as = "the place where other cores wait";
            board.devices.push_back(std::move(device));
        }
    }

    static bool holds_spin_table(BoardDevice const& device, abi::BoardRecord const& record) {
        auto const watched = [&](Range const& r) {
            return std::ranges::any_of(record.release, [&](std::uint64_t word) {
                return word != 0 && overlaps(r, {word & ~(page_size - 1), page_size});
            });
        };
        return std::ranges::any_of(device.reg, watched);
    }

    bool has_no_dma(int node) const {
        return std::ranges::any_of(without_dma, [&](std::string_view name) { return tree_.is_compatible(node, name); });
    }

    Fdt const& tree_;
    std::vector<std::string>& why_;
    int gic_{-1}, uart_{-1};
};

}  // namespace

std::optional<Board> read_board(std::vector<std::byte> blob, std::vector<std::string>& why) {
    auto tree = Fdt::open(std::move(blob));
    if (!tree) {
        why.push_back("this is no well-formed flattened device tree");
        return std::nullopt;
    }
    Board board{.name = {}, .tree = std::move(*tree), .memory = {}, .reserved = {}, .record = {}, .devices = {}, .pci = {}};
    if (!Reader{board.tree, why}.run(board)) return std::nullopt;
    return board;
}

BoardDevice const* Board::find(std::string const& device) const {
    auto node = tree.node(device);
    auto const symbols = tree.node("/__symbols__");
    if (node < 0 && symbols >= 0) node = tree.node(tree.text(symbols, device.c_str()));
    BoardDevice const* by_name = nullptr;
    unsigned matches = 0;
    for (auto const& d : devices) {
        if (node >= 0 ? d.node == node : d.name == device) by_name = &d, ++matches;
    }
    return matches == 1 ? by_name : nullptr;
}

}  // namespace tiffin
