// What bounds a vCPU's turns beside priority and weight: a budget, or the time windows of its core. A vCPU that is ready and may
// not run stands in no queue (Vcpu::waiting); a timer brings it back.
#pragma once
#include <cstdint>

namespace tiffin {

struct Cpu;
struct Vcpu;

namespace sched {

/// By a budget or by time windows.
[[nodiscard]] bool is_limited(Vcpu const& v);

/// Of a VM that is paused: `v` leaves its core, and nothing that wakes it brings it back before release(). Its virtual time stands still.
void hold(Vcpu& v);
void release(Vcpu& v);

/// A limited vCPU is ready: may it stand in the queue? Sets its priority (its own, or 0 for the background), or lets it wait.
bool admit(Cpu& cpu, Vcpu& v, std::uint64_t now);
/// Counter value at which the turn of a limited vCPU ends that begins now (Cpu::turn_started); `slice_end` bounds it as well.
std::uint64_t end_of_turn(Cpu const& cpu, Vcpu const& v, std::uint64_t slice_end);
/// The time has come at which budget is there again (Timer::Kind::Refill of `v`).
void on_refill(Cpu& cpu, Vcpu& v);
/// A window of the core's static schedule has begun or ended (Timer::Kind::Frame).
void on_frame(Cpu& cpu);
/// Starts the core's static schedule, if it has one.
void start_frame(Cpu& cpu);

/// Where in [deadline, deadline + slack] to wake: the point that the coarsest power of two divides, so that whoever has slack
/// wakes together with others who have.
constexpr std::uint64_t merge_point(std::uint64_t deadline, std::uint64_t slack) {
    if (slack == 0 || deadline == 0 || deadline > ~0ull - slack) return deadline;
    auto const latest = deadline + slack;
    auto const differ = (deadline - 1) ^ latest;
    return latest & ~((1ull << (63 - __builtin_clzll(differ))) - 1);
}
static_assert(merge_point(1000, 0) == 1000);
static_assert(merge_point(1000, 100) == 1024 && merge_point(1024, 100) == 1024 && merge_point(1025, 600) == 1536);

}  // namespace sched

}  // namespace tiffin
