// The life of a VM: one function moves it from state to state, and nothing else does.
//
//   Off --boot--> Running --exit, SYSTEM_OFF, stop--> Stopped      Running <--pause, resume--> Paused
//    |             |  ^ \--unrecoverable, watchdog--> Crashed      (and from Paused wherever Running leads)
//    |       reset |  | last step                        |
//    |             v  |                                  |
//    +--start--> Starting <--start, restart, on-crash----+-- Stopped
//
// Starting: RAM is scrubbed and the image laid out again, in bounded steps on the VM's own account. What has stopped is scrubbed likewise,
// unless it was the last.
#pragma once
#include <cstdint>
#include <string_view>

#include "abi/manage.hpp"
#include "armv8/smccc.hpp"
#include "core/notice/notice.hpp"
#include "core/vm/vm.hpp"

namespace tiffin::lifecycle {

/// The arrows of the picture above; every other move is a bug of ours.
constexpr bool may_move(VmState from, VmState to) {
    switch (from) {
        case VmState::Off: return to == VmState::Running || to == VmState::Starting;
        case VmState::Running: return to != VmState::Off && to != VmState::Running;
        case VmState::Paused: return to != VmState::Off && to != VmState::Paused;
        case VmState::Starting: return to == VmState::Running || to == VmState::Stopped || to == VmState::Crashed;
        case VmState::Crashed:
        case VmState::Stopped: return to == VmState::Starting;
    }
    return false;
}

using abi::name;  // of a VmState

/// First start, at boot: the image is in place, and vCPU 0 becomes ready.
void boot(Vm& vm);
/// For good, unless the description says what to do when it ends badly: `to` is Stopped or Crashed; `why` is said on the console. When it
/// was the last VM, Machine::on_all_stopped is called.
void stop(Vm& vm, VmState to, std::uint8_t status, Why why);
/// Starts the VM anew: stops its vCPUs, then start_step does the work when its turn comes. Of several vCPUs that stop or reset
/// their VM at once, one wins.
void reset(Vm& vm, Why why);
/// Its vCPUs leave their cores and come back, and its virtual time stands still between. Nothing happens in any other state (false).
bool pause(Vm& vm);
void resume(Vm& vm);

/// Somebody manages the VM: done at once where one core runs, else by the core of its first vCPU. False: not in its present state.
bool manage(Vm& vm, abi::manage::Action action);
/// Mail::wish has come.
void grant_wishes(Vm& vm);
/// Mail::pause has come to a core of the VM.
void follow_pause(Vcpu& v);

/// One bounded step of a start, or of the scrubbing of what has stopped: a page scrubbed or mapped again (two are a path of 3,600
/// instructions), then its interrupts forgotten, then its devices reset and its first vCPU started. False: it was the last of a scrubbing.
bool step(Vm& vm);

/// Timer::Kind::Restart and Timer::Kind::Watchdog.
void restart_now(Vm& vm);
void watchdog_due(Vm& vm);

/// A vCPU of this core leaves it, because its VM stops or starts anew; the last one of all goes on with that.
void leave(Vcpu& v);

/// PSCI CPU_ON of `v`, wherever it lives.
armv8::psci::Return turn_on(Vcpu& v, std::uint64_t entry, std::uint64_t argument);
/// PSCI CPU_OFF by `v` itself. False if it was the last one that was on.
bool turn_off(Vcpu& v);

/// Sets a vCPU to enter the guest at `entry` with x0 = `argument`, everything else as PSCI CPU_ON says.
void prepare(Vcpu& v, std::uint64_t entry, std::uint64_t argument);

}  // namespace tiffin::lifecycle
