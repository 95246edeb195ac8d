// What the parts of core/sched share about the turn that is going on. Internal to core/sched.
#pragma once

namespace tiffin {

struct Cpu;
struct Vcpu;

namespace sched {

/// Accounts the time since the turn began (or since the last call) to whom it belongs.
void account(Cpu& cpu);
/// After `v` was queued: does it displace whom the core runs for, or does it make that one's slice finite?
void consider(Cpu& cpu, Vcpu const& v);

}  // namespace sched

}  // namespace tiffin
