// Trapped system registers: what is emulated, what reads as zero, and what does not exist for a guest. Everything not named here
// is undefined. docs/decisions/0004 gives the reasons.
#include <bit>

#include "armv8/gic.hpp"
#include "armv8/sysreg.hpp"
#include "armv8/timer.hpp"
#include "core/arch.hpp"
#include "core/cpu.hpp"
#include "core/trap/trap.hpp"

namespace tiffin::trap {
namespace {

using armv8::IssSystem;
using armv8::SgiR;
using armv8::TimerCtl;
namespace reg = armv8::reg;

/// ICC_SGI1R_EL1 and its group-0 siblings: vCPU n has affinity 0.0.0.n.
void send_sgi(Vcpu& v, std::uint64_t value) {
    auto const intid = SgiR::Intid::get(value);
    if (SgiR::Irm::get(value)) {
        for (Vcpu* to : v.vm->vcpus)
            if (to != &v) vgic::send_sgi(v, *to, intid);
        return;
    }
    if ((SgiR::Aff1::get(value) | SgiR::Aff2::get(value) | SgiR::Aff3::get(value) | SgiR::RangeSelector::get(value)) != 0) return;
    for (auto list = SgiR::TargetList::get(value); list != 0; list &= list - 1) {
        auto const target = static_cast<std::uint32_t>(std::countr_zero(list));
        if (target >= v.vm->vcpus.size()) return;  // absent: ignored (IHI 0069, "ICC_SGI1R_EL1")
        vgic::send_sgi(v, *v.vm->vcpus[target], intid);
    }
}

/// After CNTP was written: raises or lowers its line, and arms a deadline for later. Its counter is the physical one, without
/// offset.
void update_physical_timer(Vcpu& v) {
    auto& timers = v.cpu->timers;
    timers.cancel(v.physical_timer);
    bool const reached = arch::now() >= v.physical_cval;
    bool const armed = TimerCtl::armed(v.physical_ctl);
    if (armed && !reached) timers.arm(v.physical_timer, v.physical_cval);
    vgic::set_line(v, abi::guest_map::physical_timer_intid, armed && reached);
    sched::program_timer(*v.cpu);
}

std::uint64_t read_physical_timer(Vcpu const& v, std::uint32_t key) {
    auto const now = arch::now();
    if (key == reg::cntp_cval_el0) return v.physical_cval;
    if (key == reg::cntp_tval_el0) return static_cast<std::uint32_t>(v.physical_cval - now);
    bool const met = (v.physical_ctl & TimerCtl::enable) != 0 && now >= v.physical_cval;
    return v.physical_ctl | (met ? TimerCtl::istatus : 0);
}

void write_physical_timer(Vcpu& v, std::uint32_t key, std::uint64_t value) {
    if (key == reg::cntp_cval_el0) {
        v.physical_cval = value;
    } else if (key == reg::cntp_tval_el0) {
        v.physical_cval = arch::now() + static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(value)));
    } else {
        v.physical_ctl = value & (TimerCtl::enable | TimerCtl::imask);
    }
    update_physical_timer(v);
}

/// Debug registers (op0 2, op1 0 or 3) read as zero and ignore writes: ID_AA64DFR0_EL1 promises the least that the architecture
/// allows.
bool is_debug(std::uint32_t key) {
    auto const op1 = IssSystem::Op1::get(key);
    return IssSystem::Op0::get(key) == 2 && (op1 == 0 || op1 == 3);
}

}  // namespace

bool on_system_register(Vcpu& v, std::uint64_t iss) {
    auto const key = static_cast<std::uint32_t>(iss) & IssSystem::register_mask;
    auto const rt = static_cast<unsigned>(IssSystem::Rt::get(iss));
    bool const read = IssSystem::Read::get(iss);
    switch (key) {
        case reg::icc_sgi1r_el1:
        case reg::icc_asgi1r_el1:
        case reg::icc_sgi0r_el1:
            if (read || !machine.gicv3()) return false;
            send_sgi(v, v.regs.get(rt));
            return true;
        case reg::icc_sre_el1:  // system registers and nothing else: writes are ignored
            if (!machine.gicv3()) return false;
            if (read) v.regs.set(rt, 7);
            return true;
        case reg::cntp_ctl_el0:
        case reg::cntp_cval_el0:
        case reg::cntp_tval_el0:
            if (read) {
                v.regs.set(rt, read_physical_timer(v, key));
            } else {
                write_physical_timer(v, key, v.regs.get(rt));
            }
            return true;
        case reg::dc_isw:
        case reg::dc_csw:
        case reg::dc_cisw: return !read;  // by set and way: not a guest's to do; maintenance by address is
        case reg::actlr_el1:
            if (read) v.regs.set(rt, 0);
            return true;
        default: break;
    }
    if (armv8::is_id_register(key)) {
        if (!read) return false;
        auto const crm = IssSystem::CRm::get(key), op2 = IssSystem::Op2::get(key);
        v.regs.set(rt, crm == 0 ? 0 : armv8::id_value(crm, op2, arch::id_register(crm, op2), machine.gicv3()));
        return true;
    }
    if (!is_debug(key)) return false;
    if (read) v.regs.set(rt, key == reg::oslsr_el1 ? 0b1000 : 0);
    return true;
}

}  // namespace tiffin::trap
