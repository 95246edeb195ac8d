#include "core/sched/rights.hpp"

#include "armv8/timer.hpp"
#include "core/arch.hpp"
#include "core/cpu.hpp"
#include "core/sched/turn.hpp"
#include "core/trace/trace.hpp"
#include "core/vm/vm.hpp"

namespace tiffin::sched {
namespace {

bool admit_by_window(Cpu const& cpu, Vcpu& v, std::uint64_t now) {
    v.waiting = cpu.frame.at(now).vm != v.vm;
    return !v.waiting;
}

bool in_background(Vcpu const& v) { return v.policy == abi::Policy::Fixed && v.priority == 0; }

/// `v` has no budget: its refill is waited for, and whoever has the background to himself shares it from now on.
void without_budget(Cpu& cpu, Vcpu& v) {
    cpu.timers.arm(v.refill_timer, v.budget.next());
    trace::note(cpu, trace::TraceKind::Exhausted, v, v.background ? 1 : 0);
    Vcpu const* const running = cpu.current;
    bool const joins = v.background && running != nullptr && running != &v && in_background(*running);
    if (joins) account(cpu);  // who was alone may have come far since
    cpu.scheduler.enter_background(v);
    if (joins && cpu.slice_end == TimerQueue::never) cpu.slice_end = cpu.turn_started + cpu.scheduler.background_slice(*running);
    if (running != nullptr) program_timer(cpu);  // else the switch that follows does
}

bool admit_by_budget(Cpu& cpu, Vcpu& v, std::uint64_t now) {
    bool const has = v.budget.usable(now) != 0;
    v.priority = has ? v.own_priority : std::uint8_t{0};
    v.waiting = !has && !v.background;
    if (!has) without_budget(cpu, v);
    return !v.waiting;
}

/// Budget has come back to one that is ready: its wake-up is paid from it. A piece that this alone would use up is none: a vCPU all of whose
/// pieces are so small would pay for ever, and never run.
bool admit_again(Cpu& cpu, Vcpu& v, std::uint64_t now) {
    v.budget.gather(cpu.wake_charge);
    if (v.budget.usable(now) != 0) v.budget.use(cpu.wake_charge);
    return admit(cpu, v, now);
}

/// Back into the queue, and on the core if it is more urgent than whoever runs.
void resume(Cpu& cpu, Vcpu& v) {
    v.waiting = false;
    cpu.scheduler.add(v, Scheduler::Place::Back);
    consider(cpu, v);
}

}  // namespace

bool is_limited(Vcpu const& v) { return v.policy == abi::Policy::Window || v.budget.limited(); }

bool admit(Cpu& cpu, Vcpu& v, std::uint64_t now) {
    if (v.held) return v.waiting = true, false;
    return v.policy == abi::Policy::Window ? admit_by_window(cpu, v, now) : admit_by_budget(cpu, v, now);
}

std::uint64_t end_of_turn(Cpu const& cpu, Vcpu const& v, std::uint64_t slice_end) {
    if (v.policy == abi::Policy::Window) {
        auto const until = cpu.frame.at(cpu.turn_started).until;
        return until < slice_end ? until : slice_end;
    }
    if (v.priority != 0) return cpu.turn_started + v.budget.usable(cpu.turn_started);
    return cpu.scheduler.background_waiting() ? cpu.turn_started + cpu.scheduler.background_slice(v) : slice_end;
}

void on_refill(Cpu& cpu, Vcpu& v) {
    trace::note(cpu, trace::TraceKind::Replenished, v);
    if (v.state == VcpuState::Ready) {
        if (!v.waiting) cpu.scheduler.remove(v);  // from the background
        if (admit_again(cpu, v, arch::now())) resume(cpu, v);
    } else if (v.state == VcpuState::Running) {  // in the background: from here on it runs in its own right
        account(cpu);
        admit_again(cpu, v, cpu.turn_started);
        cpu.need_resched = true;
    }
}

void on_frame(Cpu& cpu) {
    auto const now = arch::now();
    auto const window = cpu.frame.at(now);
    cpu.timers.arm(cpu.frame_timer, window.until);
    if (window.vm == cpu.window_vm) return;
    if (cpu.window_vm != nullptr) {
        for (Vcpu* v : cpu.window_vm->vcpus) {
            if (v->cpu != &cpu || v->state != VcpuState::Ready || v->waiting) continue;
            cpu.scheduler.remove(*v);
            v->waiting = true;
        }
    }
    cpu.window_vm = window.vm;
    cpu.need_resched |= cpu.current != nullptr;
    if (window.vm == nullptr) return;
    for (Vcpu* v : window.vm->vcpus)
        if (v->cpu == &cpu && v->state == VcpuState::Ready && v->waiting && !v->held) resume(cpu, *v);
}

void hold(Vcpu& v) {
    if (v.held) return;
    Cpu& cpu = *v.cpu;
    if (v.state == VcpuState::Ready && !v.waiting) {
        cpu.scheduler.remove(v);
        v.waiting = true;
    }
    if (cpu.current == &v) {
        account(cpu);
        cpu.need_resched = true;  // admit() keeps it out of the queue
    }
    if (cpu.loaded == &v) unload(cpu, v);
    if (cpu.fp_owner == &v) arch::put_fp(v);  // for a debugger
    cpu.timers.cancel(v.virtual_timer);
    v.limited = true;
    std::atomic_ref{v.held}.store(true, std::memory_order_release);  // from now on a debugger on another core may look at it
}

void release(Vcpu& v) {
    if (!v.held) return;
    Cpu& cpu = *v.cpu;
    v.held = false;
    v.limited = is_limited(v);
    v.cntvoff = v.vm->cntvoff;
    bool const raised = (vgic::outstanding_private(v) & vgic::mask(abi::guest_map::virtual_timer_intid)) != 0;
    if (armv8::TimerCtl::armed(v.el1.cntv_ctl) && !raised && v.state != VcpuState::Off) {
        cpu.timers.arm(v.virtual_timer, merge_point(deadline_of(v.el1.cntv_cval, v.cntvoff), v.vm->timer_slack));
        program_timer(cpu);
    }
    if (v.state != VcpuState::Ready || !v.waiting) return;
    if (v.policy != abi::Policy::Fixed) cpu.scheduler.catch_up(v, 0);
    if (!v.limited || admit(cpu, v, arch::now())) resume(cpu, v);
}

void start_frame(Cpu& cpu) {
    if (!cpu.frame.exists()) return;
    cpu.frame.start(arch::now());
    cpu.frame_timer = {.kind = Timer::Kind::Frame};
    on_frame(cpu);
}

}  // namespace tiffin::sched
