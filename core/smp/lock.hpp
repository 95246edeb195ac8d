// The lock of the hypervisor: first come, first served, so that nobody waits longer than the others together hold it.
//
// Lock order (docs/decisions/0010). Whoever takes two takes them in this order:
//
//   1. Machine::virtio_lock    the virtio devices of all VMs, if several cores run
//   2. CrossCore::lock         of a VM whose vCPUs, or peers by virtio, are on several cores: its SPIs, devices, changes of stage 2,
//                              power states, lifecycle
//   3. Machine::console_lock   the console, its ports and the UART, if several cores run
//   4. Machine::vmid_lock      the lending of VMIDs
//   5. Smmu::lock_             the SMMU's commands and stream table (drivers/smmu), if several cores run
//      Its::lock_              the ITS's commands, and which messages are held (drivers/gic), if several cores run
//
// A core holds at most one VM's lock. The console never calls into a VM: it sends mail (core/smp/mail.hpp). What belongs to one
// core (scheduler, timers, list registers, private interrupts of its vCPUs) has no lock, because no other core touches it. Nobody
// sleeps with a lock, or waits for another core while holding one other than for the next lock in the order. How long each
// is held at most, and how often one path takes it, is measured (trace.hpp; docs/contract.md).
#pragma once
#include <atomic>
#include <cstdint>

#include "core/arch.hpp"

namespace tiffin {

/// A ticket lock that the core which holds it may take again.
class CoreLock {
public:
    /// True: it was not this core's already.
    bool take(std::uint32_t core) {
        if (owner_.load(std::memory_order_relaxed) == core + 1) {  // only this core writes that
            ++depth_;
            return false;
        }
        auto const mine = next_.fetch_add(1, std::memory_order_relaxed);
        while (serving_.load(std::memory_order_acquire) != mine) arch::relax();
        own(core);
        return true;
    }
    /// The same without waiting. False: another core has it.
    bool try_take(std::uint32_t core) {
        if (owner_.load(std::memory_order_relaxed) == core + 1) return ++depth_, true;
        auto free = serving_.load(std::memory_order_relaxed);
        if (!next_.compare_exchange_strong(free, static_cast<std::uint16_t>(free + 1), std::memory_order_acquire)) return false;
        own(core);
        return true;
    }
    /// True: it is not this core's any more.
    bool release() {
        if (--depth_ != 0) return false;
        owner_.store(0, std::memory_order_relaxed);
        serving_.store(static_cast<std::uint16_t>(serving_.load(std::memory_order_relaxed) + 1), std::memory_order_release);
        return true;
    }

private:
    void own(std::uint32_t core) {
        owner_.store(static_cast<std::uint16_t>(core + 1), std::memory_order_relaxed);
        depth_ = 1;
    }

    std::atomic<std::uint16_t> next_{0}, serving_{0};
    std::atomic<std::uint16_t> owner_{0};  // core + 1; 0: nobody
    std::uint16_t depth_{0};
};

}  // namespace tiffin
