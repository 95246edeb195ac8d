// PSCI 1.1 (Arm DEN 0022), each call for the calling VM alone.
#include "core/cpu.hpp"
#include "core/hypercall/hypercall.hpp"
#include "core/lifecycle/lifecycle.hpp"
#include "core/smp/guard.hpp"

namespace tiffin::hypercall {
namespace {

using armv8::psci::Function;
using armv8::psci::Return;

std::uint64_t code(Return r) { return static_cast<std::uint64_t>(r); }

/// The vCPU whose affinity is `mpidr`: 0.0.0.n.
Vcpu* by_affinity(Vm& vm, std::uint64_t mpidr) { return mpidr < vm.vcpus.size() ? vm.vcpus[mpidr] : nullptr; }

Return cpu_on(Vcpu& v) {
    Vcpu* const target = by_affinity(*v.vm, v.regs.x[1]);
    std::uint64_t const entry = v.regs.x[2];
    if (target == nullptr) return Return::InvalidParameters;
    auto const& record = *v.vm->record;
    if (entry % 4 != 0 || !contains(Ipa{record.ram_ipa}, record.ram_size, Ipa{entry}, 4)) return Return::InvalidAddress;
    return lifecycle::turn_on(*target, entry, v.regs.x[3]);
}

void cpu_off(Vcpu& v) {
    if (!lifecycle::turn_off(v)) lifecycle::stop(*v.vm, VmState::Stopped, 0, "PSCI CPU_OFF of its last vCPU");
}

std::uint64_t affinity_info(Vcpu const& v) {
    constexpr std::uint64_t on = 0, off = 1, on_pending = 2;
    Vcpu const* const target = by_affinity(*v.vm, v.regs.x[1]);
    if (target == nullptr || v.regs.x[2] != 0) return code(Return::InvalidParameters);
    VmGuard const guard{*v.vm};
    switch (target->power) {
        case Power::Off: return off;
        case Power::OnPending: return on_pending;
        case Power::On: break;
    }
    return on;
}

std::uint64_t features(std::uint32_t function) {
    if (function == armv8::smccc::version) return 0;
    return is_psci(function) ? 0 : code(Return::NotSupported);
}

/// A suspend to any depth is a standby here: the core stays coherent, and the vCPU goes on behind the call (DEN 0022,
/// "CPU_SUSPEND").
std::uint64_t cpu_suspend(Vcpu& v) {
    sched::block(v);
    return code(Return::Success);
}

/// Of a 32-bit call only w1..w3 mean something (DEN 0028, "SMC32/HVC32 argument passing"); x1..x3 are the call's to change.
void take_narrow_arguments(GuestRegs& regs) {
    for (unsigned i = 1; i <= 3; ++i) regs.x[i] = static_cast<std::uint32_t>(regs.x[i]);
}

}  // namespace

bool is_psci(std::uint32_t function) {
    bool const wide = (function & armv8::smccc::sixty_four) != 0;
    switch (static_cast<Function>(function & ~armv8::smccc::sixty_four)) {
        case Function::CpuSuspend:
        case Function::CpuOn:
        case Function::AffinityInfo:
        case Function::SystemReset2: return true;
        case Function::Version:
        case Function::CpuOff:
        case Function::MigrateInfoType:
        case Function::SystemOff:
        case Function::SystemReset:
        case Function::Features: return !wide;
        case Function::Migrate:
        case Function::SystemSuspend: return false;
    }
    return false;
}

bool psci(Vcpu& v, std::uint32_t function) {
    constexpr std::uint64_t no_trusted_os = 2;
    if (!is_psci(function)) return false;
    if ((function & armv8::smccc::sixty_four) == 0) take_narrow_arguments(v.regs);
    auto& x0 = v.regs.x[0];
    switch (static_cast<Function>(function & ~armv8::smccc::sixty_four)) {
        case Function::Version: x0 = armv8::psci::version_1_1; break;
        case Function::CpuSuspend: x0 = cpu_suspend(v); break;
        case Function::CpuOff: cpu_off(v); break;
        case Function::CpuOn: x0 = code(cpu_on(v)); break;
        case Function::AffinityInfo: x0 = affinity_info(v); break;
        case Function::MigrateInfoType: x0 = no_trusted_os; break;
        case Function::SystemOff: lifecycle::stop(*v.vm, VmState::Stopped, 0, "PSCI SYSTEM_OFF"); break;
        case Function::SystemReset: lifecycle::reset(*v.vm, "PSCI SYSTEM_RESET"); break;
        case Function::SystemReset2:
            if (v.regs.x[1] != 0) {  // only the architectural SYSTEM_WARM_RESET exists
                x0 = code(Return::InvalidParameters);
            } else {
                lifecycle::reset(*v.vm, "PSCI SYSTEM_RESET2");
            }
            break;
        case Function::Features: x0 = features(static_cast<std::uint32_t>(v.regs.x[1])); break;
        case Function::Migrate:
        case Function::SystemSuspend: return false;
    }
    return true;
}

}  // namespace tiffin::hypercall
