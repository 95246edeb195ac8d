// Physical interrupts, taken at EL2.
#pragma once
#include <cstdint>

#include "core/sched/timer_queue.hpp"

namespace tiffin {

struct Cpu;
struct IrqOwner;
struct Vcpu;

/// How often an interrupt may reach its VM: one that comes earlier than `interval` after the last is delivered when that has
/// passed. Until then it stays active, so that its device can't raise it again.
struct RateLimit : Timer {
    std::uint32_t virtual_id;
    std::uint64_t interval;  // ticks
    std::uint64_t next{0};   // counter value from which the next may be delivered

    RateLimit(Vcpu& target, std::uint32_t id, std::uint64_t ticks)
        : Timer{.owner = &target, .kind = Kind::Interrupt}, virtual_id{id}, interval{ticks} {}
};

}  // namespace tiffin

namespace tiffin::irq {

/// Takes one pending interrupt of this core to whom it belongs, and no more: whoever it wakes goes first. False if none was pending.
bool handle_one(Cpu& cpu);

/// The time has come for an interrupt that its limit has held back.
void on_delayed(RateLimit& limit);
/// `v` is on its core: messages of its VM's functions may come again.
void release_messages(Vcpu& v);
/// Forgets those that are held back (its VM stops).
void forget_messages(Vcpu& v);
/// Forgets one that is held back (its VM stops); it may fire again. Nothing happens to one that is not.
void drop_delayed(IrqOwner const& owner, std::uint32_t intid);

}  // namespace tiffin::irq
