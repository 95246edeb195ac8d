// What others ask of a VM: from the shell, from a VM that manages it, or from its own watchdog.
#include "core/arch.hpp"
#include "core/debug/session.hpp"
#include "core/lifecycle/lifecycle.hpp"
#include "core/lifecycle/wish.hpp"
#include "core/sched/rights.hpp"
#include "core/smp/guard.hpp"
#include "core/vm/watchdog.hpp"

namespace tiffin::lifecycle {
namespace {

using abi::manage::Action;

/// Nothing may be asked of it in its state but what these bits say.
std::uint32_t possible(Vm const& vm) {
    constexpr auto bit = [](Action a) { return 1u << static_cast<std::uint32_t>(a); };
    constexpr auto restart = bit(Action::Restart);
    switch (vm.state) {
        case VmState::Off:
        case VmState::Stopped:
        case VmState::Crashed: return restart | bit(vm.restarting ? Action::Stop : Action::Start);
        case VmState::Starting: return restart | bit(Action::Stop);
        case VmState::Running: return restart | bit(Action::Stop) | bit(Action::Pause);
        case VmState::Paused: return restart | bit(Action::Stop) | bit(Action::Resume);
    }
    return 0;
}

void carry_out(Vm& vm, Action action) {
    switch (action) {
        case Action::Start:
        case Action::Restart: return reset(vm, "by its manager");
        case Action::Stop: return vm.restarting ? give_up(vm) : stop(vm, VmState::Stopped, 0, "by its manager");
        case Action::Pause: pause(vm); return;
        case Action::Resume: return resume(vm);
    }
}

}  // namespace

void ask(Vm& vm, std::uint32_t wish) {
    vm.wishes.fetch_or(wish, std::memory_order_relaxed);
    if (!machine.several) return grant_wishes(vm);
    mail::post(*vm.vcpus[0], Mail::wish);
}

bool manage(Vm& vm, Action action) {
    auto const bit = 1u << static_cast<std::uint32_t>(action);
    if ((possible(vm) & bit) == 0) return false;
    ask(vm, bit);
    return true;
}

void grant_wishes(Vm& vm) {
    auto const wishes = vm.wishes.exchange(0, std::memory_order_relaxed);
    if ((wishes & Wish::arm_restart) != 0 && vm.restarting) {
        Cpu& cpu = *vm.vcpus[0]->cpu;
        cpu.timers.arm(vm.restart_timer, vm.restart_timer.deadline);
        sched::program_timer(cpu);
    }
    if ((wishes & Wish::watch) != 0 && vm.watchdog != nullptr) vm.watchdog->arm();
    for (std::uint32_t n = 0; n < abi::manage::actions; ++n) {
        auto const action = static_cast<Action>(n);
        if ((wishes & possible(vm) & 1u << n) != 0) return carry_out(vm, action);
    }
}

bool pause(Vm& vm) {
    VmGuard const guard{vm};
    if (vm.state != VmState::Running || vm.leaving != 0) return false;
    enter(vm, VmState::Paused);
    vm.paused_at = arch::now();
    for (Vcpu* v : vm.vcpus) v->cpu == &arch::this_cpu() ? sched::hold(*v) : mail::post(*v, Mail::pause);
    return true;
}

void resume(Vm& vm) {
    VmGuard const guard{vm};
    if (vm.state != VmState::Paused || vm.leaving != 0) return;
    enter(vm, VmState::Running);
    vm.cntvoff += arch::now() - vm.paused_at;
    Vcpu const* const only = debug::on_resume(vm);
    for (Vcpu* v : vm.vcpus) {
        if (only != nullptr && only != v) continue;
        v->cpu == &arch::this_cpu() ? sched::release(*v) : mail::post(*v, Mail::pause);
    }
}

void follow_pause(Vcpu& v) { v.vm->state == VmState::Paused ? sched::hold(v) : sched::release(v); }

void restart_now(Vm& vm) {
    if (vm.restarting) reset(vm, "after its crash");
}

void watchdog_due(Vm& vm) {
    if (vm.watchdog->expire()) stop(vm, VmState::Crashed, 255, "its watchdog was not refreshed");
}

}  // namespace tiffin::lifecycle
