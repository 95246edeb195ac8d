// The trace: what each core did, in a ring of its own. docs/trace.md says how it is read out and what it costs.
//
//   ring (one for each core, in the hypervisor's pool; PlanHeader::trace_bytes asks for it)
//   +--------------------------+ 0
//   | TraceHeader              |
//   +--------------------------+ trace_header_bytes
//   | TraceEvent 0             |   event number n lies at n modulo capacity, and n only grows: when `written` is above
//   | ...                      |   capacity, the oldest were overwritten
//   | TraceEvent capacity - 1  |
//   +--------------------------+
//
// Only its own core writes to a ring, so there is no lock. Whoever reads a machine that runs freezes the rings first.
//
// A trace file, or a dump of memory, is anything that holds rings, each at a multiple of 16 bytes; and, so that VMs have names, the plan,
// likewise.
#pragma once
#include <cstdint>
#include <string_view>

namespace tiffin::abi {

inline constexpr std::uint64_t trace_magic = 0x4543415254464954;  // "TIFTRACE"
inline constexpr std::uint32_t trace_version = 1;
inline constexpr std::uint32_t trace_header_bytes = 256;
inline constexpr std::uint16_t trace_nobody = 0xffff;

enum class TraceKind : std::uint8_t {
    None = 0,          // never written
    Switch = 1,        // the core runs for `who` from now on (nobody: idle); detail: TraceReason; argument: who ran before
    Hypercall = 2,     // of `who`; argument: function; detail: duration
    Trap = 3,          // of `who`; argument: ESR_EL2[31:0]; detail: duration
    Interrupt = 4,     // while `who` ran; argument: INTID; detail: duration
    SError = 5,        // while `who` ran; detail: duration
    WakeUp = 6,        // the core slept and woke; argument: INTID; detail: duration until it slept again or entered a guest
    StartStep = 7,     // a bounded piece of work of starting `who` anew; detail: duration
    Wake = 8,          // `who` became ready; argument: ticks since the time at which it should have
    Sleep = 9,         // the core has slept; argument: ticks
    Timer = 10,        // the EL2 timer was set; argument: ticks from now, ~0: off or further away
    Exhausted = 11,    // `who` has used up its budget
    Replenished = 12,  // budget of `who` has come back
    State = 13,        // the VM of `who` is in state `argument` (as VmState) from now on
    Lost = 14,  // the console had no room for a byte of `who` (nobody: for a line of the hypervisor's own); argument: how many
};

/// Why the core left whom it ran for.
enum class TraceReason : std::uint8_t { None = 0, Blocked = 1, Preempted = 2, Stopped = 3 };

/// Times are in ticks of the system counter. A duration is that of a path through EL2, from its exception, with interrupts masked; 0xffff
/// stands for that or more. The event of a path is written at its end.
struct TraceEvent {
    std::uint64_t stamp;  // time << 8 | TraceKind
    std::uint32_t argument;
    std::uint16_t who;  // VM id | vCPU << 12; trace_nobody
    std::uint16_t detail;
};
static_assert(sizeof(TraceEvent) == 16);

/// How a path ended: back into the same vCPU, through the scheduler, or in the core's sleep.
enum class TraceEnd : std::uint8_t { Return = 0, Switch = 1, Sleep = 2 };

constexpr std::string_view name(TraceEnd end) {
    switch (end) {
        case TraceEnd::Return: return "return";
        case TraceEnd::Switch: return "switch";
        case TraceEnd::Sleep: return "sleep";
    }
    return "unknown";
}

/// A path through EL2: what began it, and how long it took.
struct TracePath {
    std::uint64_t ticks, end;
    std::uint32_t argument;
    std::uint16_t who;
    TraceKind kind;  // Hypercall to StartStep
    TraceEnd how;
};
static_assert(sizeof(TracePath) == 24);

/// What a path's kind and its end are called, in reports.
constexpr std::string_view name(TraceKind kind) {
    switch (kind) {
        case TraceKind::None: return "none";
        case TraceKind::Switch: return "switch";
        case TraceKind::Hypercall: return "hypercall";
        case TraceKind::Trap: return "trap";
        case TraceKind::Interrupt: return "interrupt";
        case TraceKind::SError: return "serror";
        case TraceKind::WakeUp: return "wake-up";
        case TraceKind::StartStep: return "start-step";
        case TraceKind::Wake: return "wake";
        case TraceKind::Sleep: return "sleep";
        case TraceKind::Timer: return "timer";
        case TraceKind::Exhausted: return "exhausted";
        case TraceKind::Replenished: return "replenished";
        case TraceKind::State: return "state";
        case TraceKind::Lost: return "output lost";
    }
    return "unknown";
}

/// The locks that cores wait for each other with (core/smp/lock.hpp).
enum class TraceLock : std::uint8_t { Vm = 0, Console = 1, Vmid = 2, Virtio = 3 };
inline constexpr std::uint32_t trace_locks = 4;

constexpr std::string_view name(TraceLock lock) {
    switch (lock) {
        case TraceLock::Vm: return "vm";
        case TraceLock::Console: return "console";
        case TraceLock::Vmid: return "vmid";
        case TraceLock::Virtio: return "virtio";
    }
    return "unknown";
}

/// How the core used one of them.
struct TraceHold {
    std::uint64_t ticks;         // the longest that it was held, with what was waited for meanwhile
    std::uint32_t by_guest;      // how often one path that a guest began took it, at most
    std::uint32_t by_interrupt;  // the same of a path that an interrupt began
};

inline constexpr std::uint32_t trace_path_kinds = 6;  // TraceKind::Hypercall to StartStep

struct TraceHeader {
    std::uint64_t magic;    // trace_magic
    std::uint32_t version;  // trace_version
    std::uint32_t core;
    std::uint64_t frequency;              // ticks a second
    std::uint64_t started;                // counter when the first guest was entered
    std::uint64_t written;                // events since boot
    std::uint32_t capacity;               // events, a power of two
    std::uint32_t frozen;                 // not 0: events are not written, for somebody reads them
    TracePath longest[trace_path_kinds];  // of each kind, since boot
    TraceHold holds[trace_locks];         // by TraceLock
};
static_assert(sizeof(TraceHeader) == trace_header_bytes);

}  // namespace tiffin::abi
