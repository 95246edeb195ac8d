// Channels at EL2: memory that two VMs share is mapped when they are built, and from then on EL2 only carries doorbells. It never reads
// or writes the shared memory after boot.
//
//   a VM rings                      the core of the peer's first vCPU
//   on the same core -------------> raise: pending in the peer's vGIC
//   on another: gate |= bit         SGI: rings -> 0, raise each
//     was it there? then enough     the peer is loaded, or will be: gate &= ~bit
//     rings |= bit, mail
//
// The gate is what makes a million rings a second harmless to others: after a doorbell that found its VM off the core, no further one
// disturbs that core until the VM has had its turn. On the same core a ring is the ringer's own path.
#pragma once
#include <atomic>
#include <cstdint>
#include <span>

#include "core/mem/pool.hpp"
#include "plan/view.hpp"

namespace tiffin {

struct Vcpu;
struct Vm;

/// Who is at the other end.
struct ChannelEnd {
    Vm* peer{nullptr};
    std::uint32_t channel{0};  // of the peer
};

/// What a VM with channels has besides.
struct Channels {
    std::span<ChannelEnd> ends;
    std::atomic<std::uint32_t> rings{0};  // bit n: another core has rung channel n
    std::atomic<std::uint32_t> gate{0};   // bit n: and need not ring it again
};
static_assert(sizeof(Channels) <= abi::pool_channels_bytes && sizeof(ChannelEnd) == 16);

namespace channel {

/// Of the VMs of the plan, which have been built.
void set_up(Pool& pool, PlanView const& plan, std::span<Vm*> vms);

/// `from` rings channel `index` of its VM. False: it has none of that number.
bool ring(Vcpu const& from, std::uint32_t index);
/// How the VM at the other end is: how often it has started anew << 8 | whether it runs. 0 without such a channel.
std::uint32_t peer(Vm const& vm, std::uint32_t index);

/// Mail has come: raises what other cores have rung, at most a bank of 32 interrupts in one path. On the core of the VM's first vCPU, under
/// the VM's lock.
void deliver(Vm& vm);
/// The VM has a core again, and takes what is pending.
void open_gate(Vm& vm);
/// The VM starts anew, and has heard nothing yet.
void forget(Vm& vm);

}  // namespace channel

}  // namespace tiffin
