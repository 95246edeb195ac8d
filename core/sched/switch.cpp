// The turn of a vCPU: how it gets the core, keeps it, and loses it.
#include <bit>

#include "armv8/timer.hpp"
#include "core/arch.hpp"
#include "core/cpu.hpp"
#include "core/debug/session.hpp"
#include "core/irq/physical.hpp"
#include "core/lifecycle/lifecycle.hpp"
#include "core/sched/rights.hpp"
#include "core/sched/turn.hpp"
#include "core/smp/guard.hpp"
#include "core/trace/trace.hpp"
#include "core/vm/vm.hpp"

namespace tiffin::sched {
namespace {

/// How far a waking one may be behind: 1 ms.
std::uint64_t wake_slack() { return arch::frequency() / 1000; }

void set_state(Vcpu& v, VcpuState to) {
    TIFFIN_INVARIANT(may_move(v.state, to));
    v.state = to;
}

/// The end of a slice that began with the turn. One that would come just before a timer waits for it: else the core would be in the middle
/// of a switch when the timer fires, and its vCPU would wait for two.
std::uint64_t end_of_slice(Cpu const& cpu, Vcpu const& v) {
    auto const end = cpu.turn_started + cpu.scheduler.slice(v);
    auto const timer = cpu.timers.earliest();
    return timer - end < cpu.switch_ticks ? timer : end;
}

void make_ready(Vcpu& v) {
    Cpu& cpu = *v.cpu;
    set_state(v, VcpuState::Ready);
    auto const now = arch::now();
    auto const slept = v.ready_since;
    v.woke = v.ready_since = now;
    if (v.policy != abi::Policy::Fixed) {
        account(cpu);  // whoever runs alone may have come far since
        cpu.scheduler.catch_up(v, wake_slack());
    }
    if (v.limited) {
        // EL2 may come late; the budget is wanted from the deadline on, so that it is back when the next one comes in time.
        if (cpu.due > slept) v.woke = cpu.due;
        v.budget.want(v.woke);
        v.budget.use(cpu.wake_charge);
        if (!admit(cpu, v, now)) return program_timer(cpu);
    }
    cpu.scheduler.add(v, Scheduler::Place::Back);
    consider(cpu, v);
}

/// Its response is over: from waking to sleeping.
void note_response(Vcpu& v) {
    auto const response = arch::now() - v.woke;
    if (response > v.stats.worst_response) v.stats.worst_response = response;
    if (v.deadline != 0 && response > v.deadline) ++v.stats.late;
}

void for_each_physical(Vcpu const& v, void (*act)(std::uint32_t)) {
    for (std::uint32_t bits = vgic::outstanding_private(v); bits != 0; bits &= bits - 1)
        act(v.vm->physical_of(static_cast<std::uint32_t>(std::countr_zero(bits))));
}

/// Hardware to memory. A timer that could still fire goes on in software.
void switch_out(Cpu& cpu, Vcpu& v) {
    vgic::pull(v);
    arch::save(v);
    for_each_physical(v, arch::deactivate);
    auto const timer_bit = vgic::mask(abi::guest_map::virtual_timer_intid);
    bool const raised = (vgic::outstanding_private(v) & timer_bit) != 0;
    if (armv8::TimerCtl::armed(v.el1.cntv_ctl) && !raised && v.state != VcpuState::Off && !v.held)
        cpu.timers.arm(v.virtual_timer, merge_point(deadline_of(v.el1.cntv_cval, v.cntvoff), v.vm->timer_slack));
}

[[gnu::noinline]] void lend_vmid_carefully(Stage2& stage2, std::uint32_t spare) {
    VmidGuard const guard;
    if (!machine.vmids.current(stage2.vmid_generation()))  // another vCPU's core may have been faster
        machine.vmids.give(stage2, machine.cpus, spare);
}

[[gnu::noinline]] void lend_vmid(Vcpu& v) {
    auto const spare = v.policy == abi::Policy::Fixed ? 0 : VmidAllocator::for_fixed;
    Stage2& stage2 = v.vm->stage2;
    if (machine.several || !machine.vmids.give_next(stage2, spare)) lend_vmid_carefully(stage2, spare);
}

/// Memory to hardware.
void switch_in(Cpu& cpu, Vcpu& v, std::uint32_t leftover) {
    if (v.virtual_timer.armed()) cpu.timers.cancel(v.virtual_timer);
    if (v.vgic.stale || (v.vgic.used | leftover) != 0) {
        vgic::push(v, leftover);
    } else {
        arch::set_ich_hcr(v.vgic.hcr);  // no list register to move
    }
    for_each_physical(v, arch::set_active);
    std::atomic_thread_fence(std::memory_order_seq_cst);  // Cpu::loaded, before the generation is read (core/mem/vmid.hpp)
    if (!machine.vmids.current(v.vm->stage2.vmid_generation())) [[unlikely]]
        lend_vmid(v);
    arch::load(v);
    if (v.holds_messages) [[unlikely]]
        irq::release_messages(v);
    ++v.stats.switches;
}

/// A limited vCPU's turn was cut off: may it stay in the queue?
bool go_on(Cpu& cpu, Vcpu& v) {
    if (v.budget.limited() && v.priority != 0 && v.budget.usable(cpu.turn_started) == 0) ++v.stats.overruns;
    return admit(cpu, v, cpu.turn_started);
}

/// The turn is over. Whose is the next?
Vcpu* take_turns(Cpu& cpu) {
    account(cpu);
    Vcpu* const v = cpu.current;
    cpu.current = nullptr;
    if (v == nullptr) return cpu.scheduler.take();
    v->ready_since = cpu.turn_started;  // or asleep
    if (v->state != VcpuState::Running) return cpu.scheduler.take();
    set_state(*v, VcpuState::Ready);
    if (v->limited && !go_on(cpu, *v)) return cpu.scheduler.take();
    if (v->policy != abi::Policy::Fixed) return cpu.scheduler.exchange(*v);
    cpu.scheduler.add(*v, cpu.yielding ? Scheduler::Place::Back : Scheduler::Place::Front);
    return cpu.scheduler.take();
}

/// The core is awake: a timer that waits for company (merge_point), and could have fired by now, need not wake it again later.
bool wake_with_slack(Cpu& cpu) {
    Timer* const timer = cpu.timers.first();
    if (timer == nullptr || timer->kind != Timer::Kind::Virtual || timer->owner->vm->timer_slack == 0) return false;
    Vcpu& v = *timer->owner;
    if (deadline_of(v.el1.cntv_cval, v.cntvoff) > arch::now()) return false;
    cpu.timers.cancel(*timer);
    vgic::raise_private(v, abi::guest_map::virtual_timer_intid);
    return true;
}

/// Must the hardware let go of a vCPU before the core sleeps? A timer with slack goes on in software, which merges it with others; the
/// hardware's would fire when it was set to. And who waits for budget may have an interrupt pending: at EL2 that wakes no core (Arm ARM,
/// "WFI wake-up events"), but QEMU's WFI returns for it at once, and the core would spin.
bool keeps_core_awake(Vcpu const& v) { return v.vm->timer_slack != 0 || v.state == VcpuState::Ready; }

/// Sleeps until something happens, and lets it happen.
[[gnu::noinline]] void idle(Cpu& cpu) {
    if (cpu.loaded != nullptr && keeps_core_awake(*cpu.loaded)) unload(cpu, *cpu.loaded);
    if (wake_with_slack(cpu)) return;
    cpu.slice_end = TimerQueue::never;  // it was that of a turn which is over
    program_timer(cpu);
    if (cpu.trace != nullptr) trace::sleep_begins(cpu);
    arch::wait_for_interrupt();
    if (cpu.trace != nullptr) trace::sleep_ends(cpu);
    ++cpu.idle_wakeups;
    irq::handle_one(cpu);
    account(cpu);
}

/// A VM that is being started anew, or has stopped, is scrubbed here, in bounded steps on its own account, until someone can enter a guest.
[[gnu::cold, gnu::noinline]] Vcpu* work_off_steps(Cpu& cpu, Vcpu* v) {
    for (; v != nullptr && v->vm->in_steps; v = cpu.scheduler.take()) {
        if (cpu.trace != nullptr) trace::step_begins(cpu, *v);
        bool const goes_on = lifecycle::step(*v->vm);
        auto const now = arch::now();
        cpu.scheduler.charge(*v, now - cpu.turn_started);
        cpu.turn_started = now;
        if (goes_on && (!v->limited || admit(cpu, *v, now))) cpu.scheduler.add(*v, Scheduler::Place::Front);
        if (cpu.trace != nullptr) trace::step_ends(cpu);
        irq::handle_one(cpu);
    }
    return v;
}

/// The next vCPU that can enter its guest, if `v` (from the queue) can't; nullptr if nobody is ready.
Vcpu* runnable(Cpu& cpu, Vcpu* v) {
    if (v == nullptr || !v->vm->in_steps) [[likely]]
        return v;
    return work_off_steps(cpu, v);
}

/// Before `v` runs: its stolen time is shown to it.
void show_stolen(Vcpu const& v) {
    *v.stolen = static_cast<std::uint64_t>(static_cast<unsigned __int128>(v.stats.ready_ticks) * machine.ns_per_tick >> 32);
}

}  // namespace

void unload(Cpu& cpu, Vcpu& v) {
    switch_out(cpu, v);
    auto const leftover = v.vgic.used;
    for (std::uint32_t set = leftover; set != 0; set &= set - 1)
        arch::write_list_register(static_cast<std::uint32_t>(std::countr_zero(set)), 0);
    arch::set_ich_hcr(0);  // it could want maintenance because the list registers are empty
    cpu.loaded = nullptr;
}

void account(Cpu& cpu) {
    auto const now = arch::now();
    auto const ticks = now - cpu.turn_started;
    cpu.turn_started = now;
    if (cpu.current != nullptr) {
        cpu.scheduler.charge(*cpu.current, ticks);
    } else {
        cpu.idle_ticks += ticks;
        if (ticks > cpu.longest_sleep) cpu.longest_sleep = ticks;
    }
}

void consider(Cpu& cpu, Vcpu const& v) {
    if (cpu.current == nullptr || cpu.need_resched) return;
    Vcpu const& running = *cpu.current;
    bool const both_share = v.policy != abi::Policy::Fixed && running.policy != abi::Policy::Fixed;
    if (both_share) account(cpu);
    if (Scheduler::beats(v, running, both_share ? wake_slack() : 0)) {
        cpu.need_resched = true;
    } else if (both_share && cpu.slice_end == TimerQueue::never) {
        cpu.slice_end = end_of_slice(cpu, running);
        program_timer(cpu);
    }
}

void wake(Vcpu& v) {
    if (v.state != VcpuState::Blocked) return;
    ++v.stats.wakeups;
    make_ready(v);
    if (v.cpu->trace != nullptr) trace::woke(v);
}

void start(Vcpu& v) { make_ready(v); }

void stop(Vcpu& v) {
    Cpu& cpu = *v.cpu;
    if (v.state == VcpuState::Ready) cpu.scheduler.remove(v);
    if (cpu.current == &v) {
        account(cpu);
        cpu.need_resched = true;
    }
    set_state(v, VcpuState::Off);
    if (cpu.loaded == &v) unload(cpu, v);
    cpu.timers.cancel(v.virtual_timer);
    cpu.timers.cancel(v.physical_timer);
    cpu.timers.cancel(v.refill_timer);
    v.waiting = v.held = false;
    v.limited = is_limited(v);
    if (cpu.fp_owner == &v) cpu.fp_owner = nullptr;
}

void block(Vcpu& v) {
    if (vgic::has_pending(v)) return;
    if (v.policy == abi::Policy::Fixed) note_response(v);
    set_state(v, VcpuState::Blocked);
    v.cpu->need_resched = true;
}

void yield(Vcpu& v) {
    Cpu& cpu = *v.cpu;
    cpu.yielding = true;
    cpu.need_resched = true;
}

void hand_over(Vcpu& from, Vcpu& to) {
    Cpu& cpu = *from.cpu;
    if (to.cpu != &cpu || to.state != VcpuState::Ready || to.waiting || cpu.current != &from) return;
    if (to.policy == abi::Policy::Fixed) {
        if (to.priority == from.priority) yield(from);
        return;
    }
    if (from.policy == abi::Policy::Fixed) return;
    account(cpu);
    if (from.virtual_time < to.virtual_time && from.weight == to.weight) {
        cpu.scheduler.remove(to);
        auto const mine = from.virtual_time;
        from.virtual_time = to.virtual_time;
        to.virtual_time = mine;
        cpu.scheduler.add(to, Scheduler::Place::Front);
    }
    cpu.need_resched = true;
}

Vcpu* switch_vcpu(Cpu& cpu) {
    cpu.need_resched = false;
    Vcpu* next = runnable(cpu, take_turns(cpu));
    cpu.yielding = false;
    while (next == nullptr) {
        idle(cpu);
        next = runnable(cpu, cpu.scheduler.take());
    }
    if (cpu.loaded != next) {
        std::uint32_t leftover = 0;
        if (cpu.loaded != nullptr) {
            switch_out(cpu, *cpu.loaded);
            leftover = cpu.loaded->vgic.used;
        }
        cpu.loaded = next;
        switch_in(cpu, *next, leftover);
    }
    set_state(*next, VcpuState::Running);
    next->stats.ready_ticks += cpu.turn_started - next->ready_since;
    if (next->stolen != nullptr) show_stolen(*next);
    cpu.current = next;
    cpu.need_resched = false;
    bool const shared = next->policy != abi::Policy::Fixed && cpu.scheduler.shares_waiting();
    cpu.slice_end = shared ? end_of_slice(cpu, *next) : TimerQueue::never;
    if (next->limited) cpu.slice_end = end_of_turn(cpu, *next, cpu.slice_end);
    program_timer(cpu);
    return next;
}

/// What a deadline was for, happens.
static void fire(Cpu& cpu, Timer& timer) {
    switch (timer.kind) {
        case Timer::Kind::Virtual: return vgic::raise_private(*timer.owner, abi::guest_map::virtual_timer_intid);
        case Timer::Kind::Physical: return vgic::set_line(*timer.owner, abi::guest_map::physical_timer_intid, true);
        case Timer::Kind::Refill: return on_refill(cpu, *timer.owner);
        case Timer::Kind::Frame: return on_frame(cpu);
        case Timer::Kind::Interrupt: return irq::on_delayed(static_cast<RateLimit&>(timer));
        case Timer::Kind::Restart: return lifecycle::restart_now(*timer.owner->vm);
        case Timer::Kind::Watchdog: return lifecycle::watchdog_due(*timer.owner->vm);
        case Timer::Kind::Debugger: return debug::on_retry();
    }
}

void on_timer(Cpu& cpu) {
    constexpr int most = 16;  // more wait for the next interrupt, which follows at once
    auto const now = arch::now();
    cpu.programmed = 0;
    for (int n = 0; n < most; ++n) {
        Timer* const timer = cpu.timers.expire(now);
        if (timer == nullptr) break;
        cpu.due = timer->deadline;
        fire(cpu, *timer);
    }
    cpu.due = 0;
    if (now >= cpu.slice_end) {
        cpu.slice_end = TimerQueue::never;
        cpu.need_resched |= cpu.current != nullptr;  // share vCPUs queue by virtual time: the one that waits longest is first
    }
    if (!cpu.need_resched) program_timer(cpu);
}

void program_timer(Cpu& cpu) {
    auto const earliest = cpu.timers.earliest();
    auto const deadline = earliest < cpu.slice_end ? earliest : cpu.slice_end;
    if (deadline == cpu.programmed) return;
    cpu.programmed = deadline;
    arch::set_deadline(deadline);
}

}  // namespace tiffin::sched
