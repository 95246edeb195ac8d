#include "hypervisor/memory.hpp"

#include "arch/aarch64/cpu.hpp"
#include "armv8/its.hpp"
#include "armv8/smmu.hpp"
#include "base/pci.hpp"
#include "core/mem/page_table.hpp"
#include "hypervisor/layout.hpp"
#include "plan/pool.hpp"

namespace tiffin {
namespace {

using armv8::Stage1El2;

class El2Map {
public:
    explicit El2Map(Pool& pool) : pool_{pool}, tables_{pool.take(page_size, page_size)} {}

    void map(Pa from, Pa to, std::uint64_t attributes) {
        if (from < to) tables_.map(pool_, from.raw(), from, to - from, attributes);
    }
    void device(std::uint64_t base, std::uint64_t size) {
        if (size != 0) map(Pa{base}.align_down(page_size), Pa{align_up(base + size, page_size)}, Stage1El2::device);
    }
    [[nodiscard]] Pa root() const { return tables_.root(); }

private:
    Pool& pool_;
    PageTable tables_;
};

/// Every core's stack has an unmapped page below it.
void map_pool(El2Map& el2, Pa pool, PlanView const& plan) {
    Pa const stacks_end = pool + stack_bytes(plan);
    for (Pa at = pool; at < stacks_end; at = at + core_stack_bytes)
        el2.map(at + page_size, at + core_stack_bytes, Stage1El2::data);
    el2.map(stacks_end, pool + plan.header().pool_bytes, Stage1El2::data);
}

void map_image(El2Map& el2, abi::PlanHeader const& header) {
    using layout::at;
    Pa const file_end = layout::image() + header.image_bytes;
    el2.map(layout::image(), at(__text_end), Stage1El2::text);
    el2.map(at(__text_end), at(__rodata_end), Stage1El2::rodata);
    el2.map(at(__rodata_end), at(__guard0), Stage1El2::data);
    el2.map(at(__guard0) + page_size, at(__guard1), Stage1El2::data);
    el2.map(at(__guard1) + page_size, at(__image_end), Stage1El2::data);
    el2.map(at(__image_end), file_end, Stage1El2::rodata);
}

}  // namespace

void map_el2(Pool& pool, PlanView const& plan) {
    El2Map el2{pool};
    auto const& header = plan.header();
    auto const& board = plan.board();
    Pa const image = layout::image(), image_end = image + header.image_bytes + header.pool_bytes;
    map_image(el2, header);
    map_pool(el2, image + header.image_bytes, plan);
    for (auto const& memory : plan.memory()) {
        Pa const from{memory.base}, to{memory.base + memory.size};
        bool const holds_image = contains(from, memory.size, image, image_end - image);
        el2.map(from, holds_image ? image : to, Stage1El2::data);
        if (holds_image) el2.map(image_end, to, Stage1El2::data);
    }
    el2.device(board.uart, board.uart_size);
    el2.device(board.gicd, board.gicd_size);
    el2.device(board.gicr, board.gicr_size);
    el2.device(board.gicc, board.gicc_size);
    el2.device(board.gich, board.gich_size);
    el2.device(plan.header().pci_host.ecam, plan.pci().empty() ? 0 : pci::ecam_bus_bytes);
    el2.device(plan.header().pci_host.smmu, plan.header().pci_host.smmu == 0 ? 0 : armv8::smmu::frame_bytes);
    el2.device(plan.header().pci_host.its, plan.header().pci_host.its == 0 ? 0 : armv8::gits::control_bytes);
    arch::enable_translation(el2.root(), layout::at(__rodata_end), image_end);
}

}  // namespace tiffin
