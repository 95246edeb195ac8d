#include "core/lifecycle/lifecycle.hpp"

#include <bit>

#include "armv8/pstate.hpp"
#include "core/arch.hpp"
#include "core/console/console.hpp"
#include "core/console/format.hpp"
#include "core/cpu.hpp"
#include "core/irq/physical.hpp"
#include "core/trace/trace.hpp"

namespace tiffin::lifecycle {
namespace {

constexpr std::uint64_t pages_a_step = 2;

void enter(Vm& vm, VmState to) {
    TIFFIN_INVARIANT(may_move(vm.state, to));
    bool const was_alive = vm.state == VmState::Running || vm.state == VmState::Starting;
    bool const alive = to == VmState::Running || to == VmState::Starting;
    vm.state = to;
    trace::note(*vm.vcpus[0]->cpu, trace::TraceKind::State, *vm.vcpus[0], static_cast<std::uint32_t>(to));
    if (alive && !was_alive) ++machine.running;
    if (!alive && was_alive) --machine.running;
}

void say(Vm const& vm, std::string_view what, std::string_view why) {
    Line line;
    line << vm.name << ": " << what << why;
    machine.console->log(line.view());
}

/// Physical interrupts that the VM had in hand may fire again for whoever comes next.
void release_interrupts(Vm& vm) {
    for (std::uint32_t n = 0; n < spi_banks; ++n) {
        IrqBank const& b = vm.vgic.spi[n];
        for (std::uint32_t bits = (b.pending | b.active | b.listed) & b.hardware; bits != 0; bits &= bits - 1)
            arch::deactivate(vm.physical_of(32 * (n + 1) + static_cast<std::uint32_t>(std::countr_zero(bits))));
    }
    for (auto const& given : machine.plan->interrupts_of(*vm.record))
        irq::drop_delayed(machine.irq_owners[given.physical - 32], given.physical);
}

/// How long a `share` vCPU runs at most while another waits, in ticks: 4 ms, or 0.5 ms if it has siblings, since a guest kernel
/// with several vCPUs spins until the other one has done its part (stop_machine, a lock whose holder lost the core).
std::uint64_t slice_of(Vm const& vm) { return vm.vcpus.size() == 1 ? arch::frequency() / 250 : arch::frequency() / 2000; }

void stop_vcpus(Vm& vm) {
    for (Vcpu* v : vm.vcpus)
        if (v->state != VcpuState::Off) sched::stop(*v);
    release_interrupts(vm);
}

void start_first_vcpu(Vm& vm) {
    for (Vcpu* v : vm.vcpus) v->cntvoff = arch::now();
    prepare(*vm.vcpus[0], vm.record->entry, vm.record->x0);
}

}  // namespace

void prepare(Vcpu& v, std::uint64_t entry, std::uint64_t argument) {
    v.regs = {};
    v.regs.x[0] = argument;
    v.regs.pc = entry;
    v.regs.pstate = armv8::start_pstate;
    v.slice = slice_of(*v.vm);
    v.el1 = {};
    v.el1.sctlr = 0x30d0'0800;  // MMU and caches off; the bits that are RES1 in Armv8.0 (Arm ARM, SCTLR_EL1)
    v.serror_pending = false;
    v.physical_ctl = v.physical_cval = 0;
    v.stolen = nullptr;
    vgic::set_line(v, abi::guest_map::physical_timer_intid, false);
    v.vgic.vmcr = v.vgic.apr[0] = v.vgic.apr[1] = 0;
    v.fp = {};
}

void boot(Vm& vm) {
    enter(vm, VmState::Running);
    vgic::reset(vm);
    start_first_vcpu(vm);
    sched::start(*vm.vcpus[0]);
}

void stop(Vm& vm, VmState to, std::uint8_t status, std::string_view why) {
    if (vm.state != VmState::Running && vm.state != VmState::Starting) return;
    enter(vm, to);
    vm.status = status;
    stop_vcpus(vm);
    machine.console->flush(*vm.console);
    say(vm, to == VmState::Crashed ? "crashed: " : "stopped: ", why);
    if (machine.running == 0 && machine.on_all_stopped != nullptr) machine.on_all_stopped();
}

void reset(Vm& vm, std::string_view why) {
    if (vm.state == VmState::Starting) return;
    stop_vcpus(vm);
    enter(vm, VmState::Starting);
    machine.console->flush(*vm.console);
    if (vm.reports.allow(arch::now(), arch::frequency())) say(vm, "starts anew: ", why);
    vm.scrub_at = 0;
    ++vm.resets;
    sched::start(*vm.vcpus[0]);
}

void start_step(Vm& vm) {
    for (std::uint64_t n = 0; n < pages_a_step; ++n, vm.scrub_at += page_size) {
        if (vm.scrub_at == vm.record->ram_size) {
            vm.stage2.flush(vm);
            release_interrupts(vm);  // those that fired since the stop
            vgic::reset(vm);
            for (std::uint32_t i = 0; i < vm.slot_count; ++i) vm.slots[i].device->reset();
            enter(vm, VmState::Running);
            return start_first_vcpu(vm);
        }
        vm.stage2.restore_page(vm, vm.scrub_at);
    }
}

}  // namespace tiffin::lifecycle
