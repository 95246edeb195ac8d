// What the parts of core/sched share about the turn that is going on. Internal to core/sched.
#pragma once
#include <cstdint>

#include "core/sched/timer_queue.hpp"

namespace tiffin {

struct Cpu;
struct Vcpu;

namespace sched {

/// Accounts the time since the turn began (or since the last call) to whom it belongs.
void account(Cpu& cpu);
/// After `v` was queued: does it displace whom the core runs for, or does it make that one's slice finite?
void consider(Cpu& cpu, Vcpu const& v);
/// The hardware holds nobody's state any more; `v` is whose it was.
void unload(Cpu& cpu, Vcpu& v);

/// Counter value at which virtual deadline `cval` is reached.
constexpr std::uint64_t deadline_of(std::uint64_t cval, std::uint64_t offset) {
    return cval > TimerQueue::never - offset ? TimerQueue::never : cval + offset;
}

}  // namespace sched

}  // namespace tiffin
