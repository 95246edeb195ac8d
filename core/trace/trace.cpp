#include "core/trace/trace.hpp"

#include "armv8/gic.hpp"
#include "core/arch.hpp"
#include "core/sched/scheduler.hpp"

namespace tiffin::trace {
namespace {

constexpr std::uint64_t limit(std::uint64_t value, std::uint64_t most) { return value < most ? value : most; }

/// Somebody reads the ring, or has read it: what is in it then is forgotten, so that a trace never has a hole.
[[gnu::cold, gnu::noinline]] bool resume(Recorder& r) {
    if (r.header->frozen != thaw) return false;
    r.header->written = 0;
    r.current = abi::trace_nobody - 1;
    __atomic_store_n(&r.header->frozen, running, __ATOMIC_RELEASE);
    return true;
}

/// The core runs for `who` since its turn began.
void tell_switch(Cpu const& cpu, Recorder& r, std::uint16_t who) {
    if (r.current == who) return;
    write(r, TraceKind::Switch, cpu.turn_started, who, r.current, static_cast<std::uint16_t>(r.reason));
    r.current = who;
    r.reason = abi::TraceReason::None;
}

void tell_timer(Cpu const& cpu, Recorder& r, std::uint64_t now) {
    if (cpu.programmed == r.deadline) return;
    r.deadline = cpu.programmed;
    bool const set = r.deadline != TimerQueue::never && r.deadline > now;
    auto const ticks = r.deadline == TimerQueue::never ? ~0u : set ? limit(r.deadline - now, ~0u) : 0;
    write(r, TraceKind::Timer, now, r.current, static_cast<std::uint32_t>(ticks), 0);
}

abi::TraceReason reason_of(VcpuState state) {
    switch (state) {
        case VcpuState::Blocked: return abi::TraceReason::Blocked;
        case VcpuState::Off: return abi::TraceReason::Stopped;
        case VcpuState::Ready:
        case VcpuState::Running: return abi::TraceReason::Preempted;
    }
    return abi::TraceReason::None;
}

constexpr bool by_interrupt(TraceKind kind) { return kind == TraceKind::Interrupt || kind == TraceKind::WakeUp; }

}  // namespace

Recorder* make(Pool& pool, std::uint32_t core, std::uint64_t bytes) {
    if (bytes == 0) return nullptr;
    auto* const r = pool.make<Recorder>();
    auto const at = pool.take(ring_bytes(bytes), 64).raw();
    r->header = reinterpret_cast<abi::TraceHeader*>(at);
    r->events = reinterpret_cast<abi::TraceEvent*>(at + abi::trace_header_bytes);
    r->mask = bytes / sizeof(abi::TraceEvent) - 1;
    r->current = abi::trace_nobody - 1;
    r->header->magic = abi::trace_magic;
    r->header->version = abi::trace_version;
    r->header->core = core;
    r->header->frequency = arch::frequency();
    r->header->capacity = static_cast<std::uint32_t>(r->mask + 1);
    return r;
}

void write(Recorder& r, TraceKind kind, std::uint64_t time, std::uint16_t who, std::uint32_t argument, std::uint16_t detail) {
    if (__atomic_load_n(&r.header->frozen, __ATOMIC_ACQUIRE) != running && !resume(r)) [[unlikely]]
        return;
    auto const n = r.header->written;
    r.events[n & r.mask] = {
        .stamp = time << 8 | static_cast<std::uint64_t>(kind), .argument = argument, .who = who, .detail = detail};
    r.header->written = n + 1;
}

void write_now(Recorder& r, TraceKind kind, Vcpu const& v, std::uint32_t argument) {
    write(r, kind, arch::now(), name_of(v), argument, 0);
}

void woke(Vcpu const& v) {
    auto const now = arch::now();
    write(*v.cpu->trace, TraceKind::Wake, now, name_of(v), static_cast<std::uint32_t>(limit(now - v.woke, ~0u)), 0);
}

void lost(ConsolePort const* port, std::uint32_t count) {
    Cpu const& cpu = arch::this_cpu();
    if (cpu.trace == nullptr) return;
    auto const who = port != nullptr && cpu.current != nullptr ? name_of(*cpu.current) : abi::trace_nobody;
    write(*cpu.trace, TraceKind::Lost, arch::now(), who, count, 0);
}

void begin(Recorder& r, TraceKind kind, std::uint16_t who, std::uint32_t argument, std::uint64_t entered) {
    r.entered = entered;
    r.argument = argument;
    r.who = who;
    r.kind = kind;
    for (auto& count : r.takes) count = 0;
}

void lock_taken(Recorder& r, abi::TraceLock lock) {
    auto const n = static_cast<unsigned>(lock);
    r.locked[n] = arch::now();
    if (r.kind == TraceKind::None) return;
    auto& hold = r.header->holds[n];
    auto& most = by_interrupt(r.kind) ? hold.by_interrupt : hold.by_guest;
    if (++r.takes[n] > most) most = r.takes[n];
}

void lock_left(Recorder& r, abi::TraceLock lock) {
    auto const n = static_cast<unsigned>(lock);
    auto const ticks = arch::now() - r.locked[n];
    auto& hold = r.header->holds[n];
    if (ticks > hold.ticks && r.kind != TraceKind::None) hold.ticks = ticks;  // nobody waits while the machine is being set up
}

void end(Cpu& cpu, abi::TraceEnd how) {
    Recorder& r = *cpu.trace;
    auto const now = arch::now();
    tell_timer(cpu, r, now);
    if (r.kind == TraceKind::None) return;
    auto const ticks = now - r.entered;
    write(r, r.kind, now, r.who, r.argument, static_cast<std::uint16_t>(limit(ticks, 0xffff)));
    auto& longest = r.header->longest[static_cast<unsigned>(r.kind) - static_cast<unsigned>(TraceKind::Hypercall)];
    if (ticks > longest.ticks)
        longest = {.ticks = ticks, .end = now, .argument = r.argument, .who = r.who, .kind = r.kind, .how = how};
    r.kind = TraceKind::None;
}

Vcpu* switch_vcpu(Cpu& cpu) {
    Recorder& r = *cpu.trace;
    if (cpu.current != nullptr) r.reason = reason_of(cpu.current->state);
    Vcpu* const next = sched::switch_vcpu(cpu);
    tell_switch(cpu, r, name_of(*next));
    end(cpu, abi::TraceEnd::Switch);
    return next;
}

void sleep_begins(Cpu& cpu) {
    tell_switch(cpu, *cpu.trace, abi::trace_nobody);
    end(cpu, abi::TraceEnd::Sleep);
    cpu.trace->slept = arch::now();
}

void sleep_ends(Cpu& cpu) {
    Recorder& r = *cpu.trace;
    auto const now = arch::now();
    write(r, TraceKind::Sleep, now, abi::trace_nobody, static_cast<std::uint32_t>(limit(now - r.slept, ~0u)), 0);
    begin(r, TraceKind::WakeUp, abi::trace_nobody, arch::pending_interrupt(), now);
}

void step_begins(Cpu& cpu, Vcpu const& v) {
    tell_switch(cpu, *cpu.trace, name_of(v));
    end(cpu, abi::TraceEnd::Switch);
    begin(*cpu.trace, TraceKind::StartStep, name_of(v), 0, arch::now());
}

void step_ends(Cpu& cpu) {
    auto const intid = arch::pending_interrupt();
    if (intid - armv8::first_special_intid < 4) return;
    end(cpu, abi::TraceEnd::Return);
    begin(*cpu.trace, TraceKind::Interrupt, abi::trace_nobody, intid, arch::now());
}

}  // namespace tiffin::trace
