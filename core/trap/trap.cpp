#include "core/trap/trap.hpp"

#include "core/arch.hpp"
#include "core/cpu.hpp"
#include "core/debug/session.hpp"
#include "core/hypercall/hypercall.hpp"
#include "core/irq/physical.hpp"

namespace tiffin::trap {
namespace {

using armv8::Ec;
using armv8::Esr;

[[gnu::noinline]] void undefined(Vcpu& v, std::uint64_t iss) {
    report(v, {.what = "undefined instruction or system register, syndrome",
               .size = 0,
               .where = Where::Syndrome,
               .value = Esr::ISS::get(iss),
               .remedy = "undefined exception injected"});
    arch::enter_exception(v, armv8::inject::undefined, 0);
}

void on_wfx(Vcpu& v, std::uint64_t iss) {
    if (armv8::IssWfx::TI::get(iss) == 0) sched::block(v);
}

void on_smc(Vcpu& v) {
    v.regs.pc += 4;  // a trapped SMC returns to itself (Arm ARM, HCR_EL2.TSC)
    v.regs.x[0] = armv8::smccc::not_supported;
}

[[gnu::noinline]] bool other_hypercall(Vcpu& v) {
    hypercall::dispatch(v);
    return v.cpu->need_resched;
}

void system_register(Vcpu& v, std::uint64_t iss) {
    if (!on_system_register(v, iss)) return undefined(v, iss);
    v.regs.pc += 4;
}

[[gnu::noinline]] void rare(Vcpu& v, armv8::Syndrome const& s) {
    auto const iss = Esr::ISS::get(s.esr);
    switch (s.ec()) {
        case Ec::Wfx: v.regs.pc += armv8::instruction_bytes(s.esr); return on_wfx(v, iss);
        case Ec::FpAccess: return arch::take_fp(v);
        case Ec::InstructionAbortLower: return on_instruction_abort(v, s);
        case Ec::BreakpointLower:
        case Ec::SoftwareStepLower:
        case Ec::WatchpointLower:
        case Ec::Bkpt32:
        case Ec::Brk: return debug::on_exception(v, s);
        case Ec::Smc64:
        case Ec::Smc32: return on_smc(v);
        default: return undefined(v, iss);
    }
}

}  // namespace

bool on_hypercall(Vcpu& v) {
    ++v.stats.traps;
    if (v.regs.x[0] == armv8::smccc::version) [[likely]] {  // what guests and benches ask most; it cannot make anyone ready
        v.regs.x[0] = armv8::smccc::version_1_1;
        return false;
    }
    auto const number = static_cast<std::uint32_t>(v.regs.x[0]) - abi::hypercall_base;
    return number < hypercall::own_call_count ? hypercall::own_calls[number](v) : other_hypercall(v);
}

bool on_synchronous(Vcpu& v, armv8::Syndrome const& s) {
    ++v.stats.traps;
    if (s.ec() == Ec::DataAbortLower) [[likely]] {
        on_data_abort(v, s);
    } else if (s.ec() == Ec::SystemRegister) {
        system_register(v, Esr::ISS::get(s.esr));
    } else {
        rare(v, s);
    }
    return v.cpu->need_resched;
}

bool on_interrupt(Vcpu& v) {
    Cpu& cpu = *v.cpu;
    irq::handle_one(cpu);
    return cpu.need_resched;
}

bool on_serror(Vcpu& v) {
    ++v.stats.traps;
    report(v, {.what = "asynchronous external abort (SError)",
               .size = 0,
               .where = Where::Nowhere,
               .value = 0,
               .remedy = "virtual SError injected"});
    arch::pend_serror();
    return v.cpu->need_resched;
}

}  // namespace tiffin::trap
