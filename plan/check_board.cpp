// Rules about the board and the image as a whole.
#include "base/addr.hpp"
#include "plan/check.hpp"

namespace tiffin {
namespace {

constexpr std::uint64_t physical_limit = 1ull << 40;  // stage 2 puts out 40-bit addresses (core/mem)

/// A device's registers: present, page-aligned, and not wrapping around the address space.
bool is_window(std::uint64_t base, std::uint64_t size) {
    return size != 0 && base % page_size == 0 && size % page_size == 0 && base < physical_limit && size <= physical_limit - base;
}

bool is_ppi(std::uint32_t intid) { return intid >= 16 && intid < 32; }

bool all_differ(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
    return a != b && a != c && a != d && b != c && b != d && c != d;
}

}  // namespace

bool RuleCheck::run() {
    return board_is_sound() && memory_is_sound() && spin_table_is_sound() && image_is_sound() && vms_are_sound() &&
           frames_are_sound() && channels_are_sound() && virtio_is_sound() && pci_is_sound();
}

bool RuleCheck::at(char const* table, std::size_t index) {
    error_.table = table;
    error_.index = static_cast<std::uint32_t>(index);
    return true;
}

bool RuleCheck::board_is_sound() {
    at("board", 0);
    auto const& board = plan_.board();
    if (!string_exists(board.name)) return fail("name is outside the string table");
    if (static_cast<std::uint32_t>(board.psci) > 2) return fail("has an unknown PSCI conduit");
    if (static_cast<std::uint32_t>(board.uart_kind) > 1) return fail("has an unknown kind of UART");
    if (board.uart_kind != abi::UartKind::None && !is_window(board.uart, board.uart_size))
        return fail("UART is misaligned or empty");
    return gic_is_sound() && board_interrupts_are_sound() && cores_are_sound();
}

bool RuleCheck::gic_is_sound() {
    auto const& board = plan_.board();
    if (!is_window(board.gicd, board.gicd_size)) return fail("GIC distributor is misaligned or empty");
    switch (board.gic_version) {
        case abi::GicVersion::V3:
            return is_window(board.gicr, board.gicr_size) || fail("GICv3 redistributor region is misaligned or empty");
        case abi::GicVersion::V2:
            if (!is_window(board.gicc, board.gicc_size)) return fail("GICv2 CPU interface is misaligned or empty");
            if (!is_window(board.gich, board.gich_size)) return fail("GICv2 has no virtual interface control (GICH)");
            return is_window(board.gicv, board.gicv_size) || fail("GICv2 has no virtual CPU interface (GICV)");
    }
    return fail("has an unknown GIC version");
}

bool RuleCheck::board_interrupts_are_sound() {
    auto const& b = plan_.board();
    if (!is_ppi(b.maintenance_intid) || !is_ppi(b.hyp_timer_intid) || !is_ppi(b.virtual_timer_intid) ||
        !is_ppi(b.physical_timer_intid)) {
        return fail("maintenance and timer interrupts must be PPIs (16..31)");
    }
    if (!all_differ(b.maintenance_intid, b.hyp_timer_intid, b.virtual_timer_intid, b.physical_timer_intid)) {
        return fail("maintenance and timer interrupts must differ");
    }
    auto const has_uart = b.uart_kind != abi::UartKind::None;
    if (has_uart && (b.uart_intid < 32 || b.uart_intid > 1019)) return fail("UART interrupt must be an SPI (32..1019)");
    return true;
}

bool RuleCheck::cores_are_sound() {
    auto const& board = plan_.board();
    if (board.cpu_count == 0 || board.cpu_count > abi::max_cpus) return fail("has no core, or more than this hypervisor takes");
    for (std::uint32_t i = 0; i < board.cpu_count; ++i) {
        for (std::uint32_t j = 0; j < i; ++j) {
            if (board.mpidr[i] == board.mpidr[j]) return fail("has two cores of the same affinity (MPIDR)");
        }
    }
    return true;
}

/// What a core that waits in a spin table reads must never be a VM's to write.
bool RuleCheck::spin_table_is_sound() {
    at("board", 0);
    for (auto const word : plan_.board().release) {
        if (word % 8 != 0 || word >= physical_limit) return fail("has a core that watches an impossible address (spin table)");
        for (auto const& [base, size] : plan_.memory()) {
            if (word != 0 && contains(Pa{base}, size, Pa{word}, 8))
                return fail("has a core that watches a word of the VMs' memory");
        }
    }
    return true;
}

bool RuleCheck::memory_is_sound() {
    auto const memory = plan_.memory();
    at("memory", 0);
    if (memory.empty()) return fail("table is empty: the board has no RAM");
    std::uint64_t end = 0;
    for (std::size_t i = 0; i < memory.size(); ++i) {
        at("memory", i);
        auto const [base, size] = memory[i];
        if (base % page_size != 0 || size % page_size != 0) return fail("is not page-aligned");
        if (size == 0 || size > ~base) return fail("is empty, or wraps around the address space");
        if (base < end) return fail("overlaps the range before it, or is out of order");
        end = base + size;
    }
    return true;
}

bool RuleCheck::image_is_sound() {
    at("header", 0);
    auto const& h = plan_.header();
    if (!string_exists(h.description)) return fail("description's name is outside the string table");
    if (h.load_address % large_page_size != 0) return fail("load address is not 2 MiB aligned");
    if (h.image_bytes % page_size != 0 || h.pool_bytes % page_size != 0)
        return fail("image or pool is not a whole number of pages");
    auto const trace = h.trace_bytes;
    if (trace != 0 && (trace < abi::min_trace_bytes || trace > abi::max_trace_bytes || (trace & (trace - 1)) != 0))
        return fail("trace ring is no power of two from 4 KiB to 64 MiB");
    if (h.image_bytes < payload_floor_) return fail("image is smaller than hypervisor and plan");
    if (h.image_bytes > physical_limit || h.pool_bytes > physical_limit) return fail("image or pool is larger than any memory");
    for (auto const& [base, size] : plan_.memory()) {
        if (contains(Pa{base}, size, Pa{h.load_address}, h.image_bytes + h.pool_bytes)) return true;
    }
    return fail("image and pool do not lie in the board's RAM");
}

}  // namespace tiffin
