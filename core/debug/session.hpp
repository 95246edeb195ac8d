// A debugger's hold on one VM at a time (docs/debugging.md, docs/decisions/0015). What gdb says is the tool's business; EL2 stops and
// continues, reads and writes registers and memory, and keeps the debug registers of the processor to this VM.
//
// Only while a vCPU of the VM is on a core has that core debug exceptions at all: every switch of a watched core goes through
// switch_vcpu() below. A board where no VM may be debugged uses other vectors, and pays nothing.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "abi/debug.hpp"
#include "armv8/esr.hpp"
#include "base/addr.hpp"
#include "core/sched/timer_queue.hpp"

namespace tiffin {

struct Cpu;
struct Vcpu;
struct Vm;

namespace debug {

enum class Kind : std::uint8_t { Break, Watch };

/// Values for the processor's breakpoint registers, and behind them for its watchpoint registers. Controls hold only what
/// armv8::control_of allows.
struct Registers {
    static constexpr unsigned most = abi::debug::points;
    std::uint64_t value[2 * most]{}, control[2 * most]{};
};

/// Why the VM is paused.
struct Stop {
    std::uint32_t vcpu{0};
    std::uint32_t ec{0};
    std::uint64_t far{0};
};

struct Session {
    std::atomic<Vm*> vm{nullptr};
    std::atomic<bool> going{false};  // it has been asked to go on, and its core has not done that yet
    bool news{false};                // `stop` has not been told; under the console's lock
    Stop stop;
    Registers registers;
    std::atomic<Vcpu const*> stepping{nullptr};
    Timer retry{.kind = Timer::Kind::Debugger};  // of the console's core
};
extern constinit Session session;

/// NotYet: another core has its part to do first. To be asked again: see retry_soon().
enum class Outcome : std::uint8_t { Done, Refused, NotYet };

/// Begins with `vm`, and stops it. Refused if another one is debugged, or the description does not allow it, or it does not run.
Outcome attach(Vm& vm);
/// At boot: the same, for a VM that shall wait for its debugger.
void await_debugger(Vm& vm);
/// Stops the VM, wherever its vCPUs are.
Outcome pause();
/// Done: the VM stands still, and the state of all its vCPUs is in memory.
Outcome stopped();
/// Lets the VM go on, and forgets all break- and watchpoints.
Outcome detach();
/// Lets it go on; with `step`, only that vCPU, for one instruction. It must be stopped().
void go_on(Vcpu* step);

/// What was NotYet is tried again in 50 us: a core that asked all the time would do nothing else. For the console's core.
void retry_soon();
void on_retry();

/// Registers by number: x0..x30, sp, pc, pstate, then El1Regs in its order, then FpRegs (both halves of v0..v31, FPCR, FPSR).
inline constexpr unsigned sp = 31, pc = 32, pstate = 33, first_system = 34, first_fp = abi::debug::first_fp_register,
                          register_count = first_fp + 66;
std::uint64_t read_register(Vcpu const& v, unsigned number);
/// Of pstate only the flags and the interrupt masks: a guest stays at its level.
void write_register(Vcpu& v, unsigned number, std::uint64_t value);

/// Reads memory of one page into `bytes`, or writes it, whatever the guest's own permissions. Refused if it is not RAM.
enum class Move : std::uint8_t { Read, Write };
Outcome move_memory(Vcpu& v, Gva at, std::byte* bytes, std::uint64_t count, Move move);

/// A breakpoint, watchpoint, step or BRK exception. A BRK of the guest's own is given back to it.
void on_exception(Vcpu& v, armv8::Syndrome const& s);
/// The VM goes on: the only vCPU that shall, or nullptr for all.
Vcpu const* on_resume(Vm const& vm);

/// sched::switch_vcpu on a core that is watched by a trace or a debugger.
Vcpu* switch_vcpu(Cpu& cpu);

}  // namespace debug
}  // namespace tiffin
