// Writes a core's trace (abi/trace.hpp). A machine without tracing pays nothing on its hot paths: the events of traps, interrupts and
// switches are written by the entries of a second vector table, which is in use only when the plan asks for a trace
// (arch/aarch64/vectors.S). Rarer places ask whether there is a recorder.
//
// A path is the time from an exception to where interrupts are looked at again: the return to a guest, the core's sleep, or the next
// bounded step of a start. One is open at a time; beginning the next ends it.
#pragma once
#include <cstdint>

#include "abi/trace.hpp"
#include "core/cpu.hpp"
#include "core/mem/pool.hpp"
#include "core/vm/vm.hpp"

namespace tiffin::trace {

using abi::TraceKind;

/// TraceHeader::frozen: `thaw` makes the ring's core empty it and go on.
inline constexpr std::uint32_t running = 0, frozen = 1, thaw = 2;

struct Recorder {
    abi::TraceHeader* header{nullptr};
    abi::TraceEvent* events{nullptr};
    std::uint64_t mask{0};                            // capacity - 1
    std::uint64_t entered{0};                         // when the open path began
    std::uint32_t argument{0};                        // of the open path
    std::uint16_t who{0};                             // of the open path
    TraceKind kind{TraceKind::None};                  // of the open path; None: there is none
    abi::TraceReason reason{abi::TraceReason::None};  // why the next switch takes place
    std::uint16_t current{0};                         // whom the ring's last switch named
    std::uint64_t deadline{0};                        // what the ring's last timer event told of
    std::uint64_t slept{0};                           // when the core went to sleep
    std::uint64_t locked[abi::trace_locks]{};         // when each lock was taken
    std::uint32_t takes[abi::trace_locks]{};          // in the open path
};

/// What a ring with `bytes` of events takes of the pool.
constexpr std::uint64_t ring_bytes(std::uint64_t bytes) { return abi::trace_header_bytes + bytes; }

/// An empty ring with a power of two of bytes for events.
Recorder* make(Pool& pool, std::uint32_t core, std::uint64_t bytes);

inline std::uint16_t name_of(Vcpu const& v) { return static_cast<std::uint16_t>(v.vm->id | v.index << 12); }

/// Appends an event.
void write(Recorder& r, TraceKind kind, std::uint64_t time, std::uint16_t who, std::uint32_t argument, std::uint16_t detail);

/// An event of `v` on its own core, now; for places that are not hot.
[[gnu::cold]] void write_now(Recorder& r, TraceKind kind, Vcpu const& v, std::uint32_t argument);
inline void note(Cpu const& cpu, TraceKind kind, Vcpu const& v, std::uint32_t argument = 0) {
    if (cpu.trace != nullptr) [[unlikely]]
        write_now(*cpu.trace, kind, v, argument);
}

/// `v` is ready, and wanted to be from v.woke on.
[[gnu::cold]] void woke(Vcpu const& v);

/// The console's loss listener: a byte of the vCPU that runs found no room there, or (no `port`) a line of the hypervisor's own.
[[gnu::cold]] void lost(ConsolePort const* port, std::uint32_t count);

/// A path begins, at counter value `entered`.
void begin(Recorder& r, TraceKind kind, std::uint16_t who, std::uint32_t argument, std::uint64_t entered);
/// It ends.
void end(Cpu& cpu, abi::TraceEnd how);

/// The core has got a lock; it gives it back.
void lock_taken(Recorder& r, abi::TraceLock lock);
void lock_left(Recorder& r, abi::TraceLock lock);

/// sched::switch_vcpu, traced.
Vcpu* switch_vcpu(Cpu& cpu);
/// Around the core's sleep, and a step of starting `v`: behind it, an interrupt that waits is a path of its own.
[[gnu::cold]] void sleep_begins(Cpu& cpu);
[[gnu::cold]] void sleep_ends(Cpu& cpu);
[[gnu::cold]] void step_begins(Cpu& cpu, Vcpu const& v);
[[gnu::cold]] void step_ends(Cpu& cpu);

}  // namespace tiffin::trace
