#include "arch/aarch64/gic_interface.hpp"

#include "arch/aarch64/cpu.hpp"
#include "arch/aarch64/sysreg.hpp"
#include "armv8/gic.hpp"
#include "base/mmio.hpp"
#include "core/arch.hpp"
#include "core/cpu.hpp"

namespace tiffin::arch {
namespace {

namespace gicc = armv8::gicc;
namespace gich = armv8::gich;

// Of this board: the same for every core. What is a core's own is in Cpu.
constinit std::uint64_t distributor = 0, cpu_interface = 0, virtual_control = 0;

std::uint32_t read_mmio(std::uint64_t base, std::uint32_t offset) { return Mmio{base}.read(offset); }
void write_mmio(std::uint64_t base, std::uint32_t offset, std::uint32_t value) { Mmio{base}.write(offset, value); }

bool v3() { return machine.gicv3(); }

// clang-format off
#define TIFFIN_EACH_LIST_REGISTER(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

std::uint64_t read_lr_v3(std::uint32_t i) {
    switch (i) {
#define X(n) case n: return TIFFIN_READ_SYSREG("ich_lr" #n "_el2");
        TIFFIN_EACH_LIST_REGISTER(X)
#undef X
        default: return 0;
    }
}

void write_lr_v3(std::uint32_t i, std::uint64_t value) {
    switch (i) {
#define X(n) case n: TIFFIN_WRITE_SYSREG("ich_lr" #n "_el2", value); return;
        TIFFIN_EACH_LIST_REGISTER(X)
#undef X
        default: return;
    }
}
// clang-format on

void init_v3() {
    TIFFIN_WRITE_SYSREG("icc_sre_el2", 0x7);  // SRE, no bypass; EL1 cannot change its own (core/trap answers for it)
    isb();
    TIFFIN_WRITE_SYSREG("icc_sre_el1", 0x7);
    TIFFIN_WRITE_SYSREG("icc_pmr_el1", 0xff);
    TIFFIN_WRITE_SYSREG("icc_bpr1_el1", 0);
    TIFFIN_WRITE_SYSREG("icc_ctlr_el1", 2);  // EOImode: dropping the priority and deactivating are two steps
    TIFFIN_WRITE_SYSREG("icc_igrpen1_el1", 1);
    TIFFIN_WRITE_SYSREG("ich_hcr_el2", 1);
    TIFFIN_WRITE_SYSREG("ich_vmcr_el2", 0);
    isb();
}

void init_v2() {
    write_mmio(cpu_interface, gicc::pmr, 0xff);
    write_mmio(cpu_interface, gicc::bpr, 0);
    write_mmio(cpu_interface, gicc::ctlr, gicc::ctlr_enable | gicc::ctlr_eoi_mode);
    write_mmio(virtual_control, gich::hcr, 1);
}

/// GICv2: a core learns its own number from the targets of its private interrupts. On a GIC for one core they read as zero (IHI 0048,
/// "GICD_ITARGETSRn"), and an SGI to itself is what can be sent.
std::uint32_t v2_sgi_target() {
    auto const targets = read_mmio(distributor, armv8::gicd::itargetsr) & 0xff;
    return targets != 0 ? armv8::SgirV2::TargetList::make(targets) : armv8::SgirV2::Filter::make(2);
}

}  // namespace

void init_gic_interface(PlanView const& plan, Cpu& cpu, std::uint64_t redistributor) {
    auto const& board = plan.board();
    distributor = board.gicd;
    cpu_interface = board.gicc;
    virtual_control = board.gich;
    cpu.gic_frame = v3() ? redistributor + armv8::gicr::sgi_frame : board.gicd;
    cpu.sgi_target = v3() ? armv8::SgiR::to(board.mpidr[cpu.index]) : v2_sgi_target();
    if (v3()) {
        init_v3();
    } else {
        init_v2();
    }
    for (std::uint32_t i = 0; i < list_register_count(); ++i) write_list_register(i, 0);
}

unsigned virtual_preemption_bits() { return v3() ? static_cast<unsigned>(TIFFIN_READ_SYSREG("ich_vtr_el2") >> 26 & 7) + 1 : 5; }

std::uint32_t list_register_count() {
    auto const vtr = v3() ? TIFFIN_READ_SYSREG("ich_vtr_el2") : read_mmio(virtual_control, gich::vtr);
    return static_cast<std::uint32_t>(vtr & 0x1f) + 1;
}

std::uint32_t empty_list_registers() {
    if (!v3()) return read_mmio(virtual_control, gich::elrsr0);
    isb();  // a register written just before counts as full
    return static_cast<std::uint32_t>(TIFFIN_READ_SYSREG("ich_elrsr_el2"));
}

std::uint64_t read_list_register(std::uint32_t i) {
    if (v3()) return read_lr_v3(i);
    return armv8::lr_from_v2(read_mmio(virtual_control, gich::lr0 + 4 * i));
}

void write_list_register(std::uint32_t i, std::uint64_t value) {
    if (v3()) return write_lr_v3(i, value);
    auto const source = armv8::Lr::Hw::get(value) ? 0 : armv8::Lr::PIntid::get(value) & 7;
    write_mmio(virtual_control, gich::lr0 + 4 * i, armv8::lr_to_v2(value, source));
}

std::uint64_t read_vmcr() { return v3() ? TIFFIN_READ_SYSREG("ich_vmcr_el2") : read_mmio(virtual_control, gich::vmcr); }

void set_ich_hcr(std::uint32_t value) {
    if (v3()) {
        TIFFIN_WRITE_SYSREG("ich_hcr_el2", value);
    } else {
        write_mmio(virtual_control, gich::hcr, value);
    }
}

std::uint32_t take_eoi_count() {
    auto const hcr = v3() ? static_cast<std::uint32_t>(TIFFIN_READ_SYSREG("ich_hcr_el2")) : read_mmio(virtual_control, gich::hcr);
    auto const count = armv8::IchHcr::EOIcount::get(hcr);
    if (count != 0) set_ich_hcr(hcr & ~static_cast<std::uint32_t>(armv8::IchHcr::EOIcount::mask));
    return count;
}

std::uint32_t acknowledge() {
    if (v3()) return static_cast<std::uint32_t>(TIFFIN_READ_SYSREG("icc_iar1_el1"));
    return read_mmio(cpu_interface, gicc::iar);
}

std::uint32_t pending_interrupt() {
    if (v3()) return static_cast<std::uint32_t>(TIFFIN_READ_SYSREG("icc_hppir1_el1"));
    return read_mmio(cpu_interface, gicc::hppir) & 0x3ff;
}

void drop_priority(std::uint32_t intid) {
    if (v3()) {
        TIFFIN_WRITE_SYSREG("icc_eoir1_el1", intid);
    } else {
        write_mmio(cpu_interface, gicc::eoir, intid);
    }
}

void deactivate(std::uint32_t intid) {
    if (v3()) {
        TIFFIN_WRITE_SYSREG("icc_dir_el1", intid);
    } else {
        write_mmio(cpu_interface, gicc::dir, intid);
    }
}

void set_active(std::uint32_t intid) { write_mmio(this_cpu().gic_frame, armv8::gicd::isactiver, 1u << (intid % 32)); }

void send_sgi(Cpu const& to, std::uint32_t intid) {
    asm volatile("dsb ishst" ::: "memory");  // what the SGI tells of comes before it
    if (v3()) {
        TIFFIN_WRITE_SYSREG("icc_sgi1r_el1", to.sgi_target | armv8::SgiR::Intid::make(intid));
        isb();
    } else {
        write_mmio(distributor, armv8::gicd::sgir, static_cast<std::uint32_t>(to.sgi_target) | armv8::SgirV2::Intid::make(intid));
    }
}

void route(std::uint32_t intid, Cpu const& to) {
    if (v3()) {
        auto const affinity = machine.plan->board().mpidr[to.index];
        write_mmio(distributor, armv8::gicd::irouter + 8 * intid, static_cast<std::uint32_t>(affinity & 0xff'ffff));
        write_mmio(distributor, armv8::gicd::irouter + 8 * intid + 4, static_cast<std::uint32_t>(affinity >> 32));
    } else {
        auto* const target = reinterpret_cast<std::uint8_t volatile*>(distributor + armv8::gicd::itargetsr + intid);
        *target = static_cast<std::uint8_t>(armv8::SgirV2::TargetList::get(static_cast<std::uint32_t>(to.sgi_target)));
    }
}

void save_gic(VgicCpu& to) {
    if (v3()) {
        to.vmcr = TIFFIN_READ_SYSREG("ich_vmcr_el2");
        to.apr[0] = static_cast<std::uint32_t>(TIFFIN_READ_SYSREG("ich_ap0r0_el2"));
        to.apr[1] = static_cast<std::uint32_t>(TIFFIN_READ_SYSREG("ich_ap1r0_el2"));
    } else {
        to.vmcr = read_mmio(virtual_control, gich::vmcr);
        to.apr[0] = read_mmio(virtual_control, gich::apr);
    }
}

void load_gic(VgicCpu const& from) {
    if (v3()) {
        TIFFIN_WRITE_SYSREG("ich_vmcr_el2", from.vmcr);
        TIFFIN_WRITE_SYSREG("ich_ap0r0_el2", from.apr[0]);
        TIFFIN_WRITE_SYSREG("ich_ap1r0_el2", from.apr[1]);
    } else {
        write_mmio(virtual_control, gich::vmcr, static_cast<std::uint32_t>(from.vmcr));
        write_mmio(virtual_control, gich::apr, from.apr[0]);
    }
}

}  // namespace tiffin::arch
