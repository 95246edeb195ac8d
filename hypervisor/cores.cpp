#include "hypervisor/cores.hpp"

#include "arch/aarch64/cpu.hpp"
#include "core/arch.hpp"
#include "core/console/format.hpp"
#include "core/debug/session.hpp"
#include "core/sched/rights.hpp"
#include "core/smp/guard.hpp"
#include "hypervisor/panic.hpp"

namespace tiffin {
namespace {

constinit Gic* the_gic = nullptr;

/// How long a core may take from when it is called until it takes mail: 1 s.
std::uint64_t patience() { return arch::frequency(); }

[[noreturn]] void refuse_core(Cpu const& cpu, std::string_view why, std::int64_t error = 0) {
    Line line;
    line << "core " << cpu.index << " (affinity " << Hex{machine.plan->board().mpidr[cpu.index]} << ") " << why;
    if (error != 0) line << error;
    refuse(line.view());
}

bool is_used(Cpu const& cpu) {
    for (auto const& vcpu : machine.plan->vcpus())
        if (vcpu.core == cpu.index) return true;
    return false;
}

void turn_on_core(Cpu const& cpu) {
    auto const& board = machine.plan->board();
    if (board.psci != abi::PsciConduit::Smc)
        refuse_core(cpu, "cannot be started: the board's device tree has neither PSCI by SMC nor a spin table for it");
    auto const error = arch::turn_on_core(board.mpidr[cpu.index]);
    if (error != 0) refuse_core(cpu, "cannot be started: PSCI CPU_ON answers ", error);
}

void start_core(Cpu& cpu) {
    auto const& board = machine.plan->board();
    arch::expect_core(board.mpidr[cpu.index], cpu);
    if (board.release[cpu.index] == 0) turn_on_core(cpu);
    auto const deadline = arch::now() + patience();
    while (!cpu.ready.load(std::memory_order_acquire)) {
        if (arch::now() > deadline) refuse_core(cpu, "was started, and did not come up within 1 s");
        arch::relax();
    }
}

}  // namespace

void set_up_core(Cpu& cpu, Gic& gic) {
    auto const& plan = *machine.plan;
    auto const& board = plan.board();
    arch::set_this_cpu(cpu);
    auto const redistributor = gic.init_private(board.mpidr[cpu.index]);
    if (!redistributor) refuse_core(cpu, "has no GIC redistributor");
    arch::init_gic_interface(plan, cpu, *redistributor);
    if (arch::virtual_preemption_bits() > 5) refuse("the GIC has more preemption levels than this version moves with a vCPU");
    if (cpu.index == 0) vgic::set_list_register_count(arch::list_register_count());
    for (auto const intid :
         {mail::sgi, mail::halt_sgi, mail::bell_sgi, board.maintenance_intid, board.hyp_timer_intid, board.virtual_timer_intid})
        gic.enable(intid, *redistributor);
    gic.put_last(mail::bell_sgi, *redistributor);  // a VM's wake-up does not wait for the console
    cpu.ready.store(true, std::memory_order_release);
}

Vcpu* enter_first(Cpu& cpu) {
    cpu.turn_started = arch::now();
    return debug::switch_vcpu(cpu);  // whoever waits for its debugger may be the only one
}

void release_cores(PlanView const& plan) {
    for (auto const word : plan.board().release)
        if (word != 0) arch::release_core(Pa{word});
}

unsigned start_cores(Gic& gic) {
    the_gic = &gic;
    unsigned running = 1;
    for (Cpu& cpu : machine.cpus.subspan(1)) {
        if (!is_used(cpu)) continue;
        start_core(cpu);
        ++running;
    }
    return running;
}

}  // namespace tiffin

/// Called by arch/aarch64/boot.S on every core but core 0, on its own stack. Returns the vCPU to enter.
extern "C" tiffin::Vcpu* tiffin_boot_core(tiffin::Cpu& cpu) {
    tiffin::arch::configure_el2();
    tiffin::set_up_core(cpu, *tiffin::the_gic);
    tiffin::sched::start_frame(cpu);  // before its mail, which starts vCPUs
    return tiffin::enter_first(cpu);
}
