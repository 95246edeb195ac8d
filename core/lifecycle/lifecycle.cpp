#include "core/lifecycle/lifecycle.hpp"

#include <bit>
#include <optional>

#include "armv8/pstate.hpp"
#include "core/arch.hpp"
#include "core/channel/channel.hpp"
#include "core/irq/physical.hpp"
#include "core/lifecycle/wish.hpp"
#include "core/smp/guard.hpp"
#include "core/trace/trace.hpp"
#include "core/virtio/device.hpp"

namespace tiffin::lifecycle {

void enter(Vm& vm, VmState to) {
    TIFFIN_INVARIANT(may_move(vm.state, to));
    vm.state = to;
    trace::note(arch::this_cpu(), trace::TraceKind::State, *vm.vcpus[0], static_cast<std::uint32_t>(to));
}

namespace {

bool is_alive(Vm const& vm) {
    return vm.state == VmState::Running || vm.state == VmState::Starting || vm.state == VmState::Paused;
}

/// A VM that is neither Off nor has ended for good: the machine does not end while there is one.
bool is_counted(Vm const& vm) { return is_alive(vm) || vm.restarting; }

/// Physical interrupts that the VM had in hand may fire again for whoever comes next.
void release_interrupts(Vm& vm) {
    for (std::uint32_t n = 0; n < spi_banks; ++n) {
        IrqBank const& b = vm.vgic.spi[n];
        for (std::uint32_t bits = (b.pending | b.active | b.listed) & b.hardware; bits != 0; bits &= bits - 1)
            arch::deactivate(vm.physical_of(32 * (n + 1) + static_cast<std::uint32_t>(std::countr_zero(bits))));
    }
}

/// Interrupts that a rate limit holds back, and messages: their timers are on the core of the first vCPU, which does this.
void drop_delayed(Vm& vm) {
    irq::forget_messages(*vm.vcpus[0]);
    for (auto const& given : machine.plan->interrupts_of(*vm.record))
        irq::drop_delayed(machine.irq_owners[given.physical - 32], given.physical);
}

/// How long a `share` vCPU runs at most while another waits, in ticks: 4 ms, or 0.5 ms if it has siblings, since a guest kernel
/// with several vCPUs spins until the other one has done its part (stop_machine, a lock whose holder lost the core).
std::uint64_t slice_of(Vm const& vm) { return vm.vcpus.size() == 1 ? arch::frequency() / 250 : arch::frequency() / 2000; }

/// From here on a bounded piece of work is done at each turn of its first vCPU.
void begin_steps(Vm& vm) {
    vm.scrub_at = 0;
    vm.in_steps = true;
    mail::start(*vm.vcpus[0]);
}

/// How long to wait before it starts anew after this crash; nothing: it has crashed too often.
std::optional<std::uint64_t> next_back_off(Vm& vm) {
    auto const now = arch::now();
    if (vm.restarts == 0 || now - vm.restarts_since > vm.restart_within) vm.restarts = 0, vm.restarts_since = now;
    if (vm.restarts == vm.record->restart_count) return std::nullopt;
    return vm.restart_back_off << vm.restarts++;
}

/// It has ended badly. True: it is going to start anew.
bool try_again(Vm& vm) {
    if (vm.state != VmState::Crashed && vm.status == 0) return false;
    if ((vm.record->flags & abi::vm_reboot_on_crash) != 0) arch::reboot();
    if ((vm.record->flags & abi::vm_restart_on_crash) == 0) return false;
    auto const wait = next_back_off(vm);
    if (!wait)
        return post({.vm = &vm, .change = "is not started anew: ", .why = {"restarts within the limit: ", vm.restarts}}), false;
    vm.restarting = true;
    vm.restart_timer = {.owner = vm.vcpus[0], .kind = Timer::Kind::Restart};
    vm.restart_timer.deadline = arch::now() + *wait;
    ask(vm, Wish::arm_restart);
    return true;
}

/// It has ended for good. Nobody needs its memory, but nobody shall find in it what it left.
void retire(Vm& vm) {
    if (machine.running.fetch_sub(1) == 1 && machine.on_all_stopped != nullptr) return machine.on_all_stopped();
    begin_steps(vm);
}

/// The last of its vCPUs has left its core.
void on_all_left(Vm& vm) {
    virtio::leave(vm);
    for (std::uint32_t i = 0; i < vm.slot_count; ++i) vm.slots[i].device->quiesce();
    {
        VmGuard const guard{vm};
        release_interrupts(vm);
    }
    if (vm.state == VmState::Starting) {
        vm.vcpus[0]->power = Power::On;
        return begin_steps(vm);
    }
    if (!try_again(vm)) retire(vm);
}

/// One of those that `vm.leaving` counts has left.
void has_left(Vm& vm) {
    {
        VmGuard const guard{vm};
        if (--vm.leaving != 0) return;
    }
    on_all_left(vm);
}

/// Those of its vCPUs that live on this core.
void stop_here(Vm& vm) {
    for (Vcpu* v : vm.vcpus)
        if (v->cpu == &arch::this_cpu() && v->state != VcpuState::Off) sched::stop(*v);
    if (vm.vcpus[0]->cpu == &arch::this_cpu()) drop_delayed(vm);
}

/// The state from which on nobody can start a vCPU of it any more. False if another core was faster.
bool begin_leaving(Vm& vm, VmState to) {
    VmGuard const guard{vm};
    if (vm.leaving != 0 || vm.state == to) return false;
    enter(vm, to);
    vm.leaving = 1;
    for (Vcpu* v : vm.vcpus) {
        v->power = Power::Off;
        if (v->cpu != &arch::this_cpu()) ++vm.leaving;
    }
    return true;
}

/// Another core stops the VM already: what lives here does not go on until its mail comes.
void follow(Vm& vm) {
    if (vm.leaving != 0) stop_here(vm);
}

/// Takes its vCPUs off their cores: those of this core now, the others by mail. Nobody waits: who leaves last goes on.
void leave_all(Vm& vm) {
    stop_here(vm);
    for (Vcpu* v : vm.vcpus)
        if (v->cpu != &arch::this_cpu()) mail::post(*v, Mail::stop);
    has_left(vm);
}

void start_first_vcpu(Vm& vm) {
    vm.cntvoff = arch::now();
    for (Vcpu* v : vm.vcpus) v->cntvoff = vm.cntvoff;
    vm.vcpus[0]->power = Power::On;
    prepare(*vm.vcpus[0], vm.record->entry, vm.record->x0);
}

/// Of the life that has ended: those that fired since, too.
void forget_interrupts(Vm& vm) {
    VmGuard const guard{vm};
    vm.stage2.flush(vm);
    drop_delayed(vm);
    release_interrupts(vm);
    vgic::reset(vm);
    channel::forget(vm);
}

void begin_anew(Vm& vm) {
    VmGuard const guard{vm};
    for (std::uint32_t i = 0; i < vm.slot_count; ++i) vm.slots[i].device->reset();
    enter(vm, VmState::Running);
    start_first_vcpu(vm);
}

}  // namespace

void give_up(Vm& vm) {
    vm.vcpus[0]->cpu->timers.cancel(vm.restart_timer);
    vm.restarting = false;
    retire(vm);
}

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

armv8::psci::Return turn_on(Vcpu& v, std::uint64_t entry, std::uint64_t argument) {
    using armv8::psci::Return;
    VmGuard const guard{*v.vm};
    if (v.vm->state != VmState::Running) return Return::Denied;  // another core stops it at this moment
    if (v.power != Power::Off) return v.power == Power::On ? Return::AlreadyOn : Return::OnPending;
    if (v.cpu == &arch::this_cpu()) {
        v.power = Power::On;
        prepare(v, entry, argument);
        sched::start(v);
        return Return::Success;
    }
    v.power = Power::OnPending;
    v.regs.pc = entry;
    v.regs.x[0] = argument;
    mail::post(v, Mail::start);
    return Return::Success;
}

bool turn_off(Vcpu& v) {
    sched::stop(v);
    VmGuard const guard{*v.vm};
    v.power = Power::Off;
    for (Vcpu const* each : v.vm->vcpus)
        if (each->power != Power::Off) return true;
    return false;
}

void boot(Vm& vm) {
    if ((vm.record->flags & abi::vm_starts_off) != 0) return;
    enter(vm, VmState::Running);
    ++machine.running;
    vgic::reset(vm);
    start_first_vcpu(vm);
    mail::start(*vm.vcpus[0]);
}

void stop(Vm& vm, VmState to, std::uint8_t status, Why why) {
    if (!is_alive(vm) || !begin_leaving(vm, to)) return follow(vm);
    vm.status = status;
    vm.in_steps = false;
    post({.vm = &vm, .change = to == VmState::Crashed ? "crashed: " : "stopped: ", .why = why});
    leave_all(vm);
}

void reset(Vm& vm, Why why) {
    bool const counted = is_counted(vm);
    if (!begin_leaving(vm, VmState::Starting)) return follow(vm);
    if (!counted) ++machine.running;
    vm.restarting = vm.in_steps = false;
    if (vm.reports.allow(arch::now(), arch::frequency())) post({.vm = &vm, .change = "starts anew: ", .why = why});
    ++vm.resets;
    leave_all(vm);
}

void leave(Vcpu& v) {
    if (v.state != VcpuState::Off) sched::stop(v);
    if (v.index == 0) drop_delayed(*v.vm);
    has_left(*v.vm);
}

bool step(Vm& vm) {
    auto const end = vm.record->ram_size;
    if (vm.scrub_at < end) {
        vm.stage2.restore_page(vm, vm.scrub_at);
    } else if (vm.scrub_at == end) {
        forget_interrupts(vm);
    } else {
        vm.in_steps = false;
        if (vm.state == VmState::Starting) return begin_anew(vm), true;
        sched::stop(*vm.vcpus[0]);
        return false;
    }
    vm.scrub_at += page_size;
    return true;
}

}  // namespace tiffin::lifecycle
