// What belongs to one physical core, and what belongs to the machine.
#pragma once
#include <cstdint>
#include <span>

#include "core/mem/vmid.hpp"
#include "core/sched/frame.hpp"
#include "core/sched/scheduler.hpp"
#include "core/sched/timer_queue.hpp"
#include "core/smp/lock.hpp"
#include "core/smp/mail.hpp"
#include "plan/view.hpp"

namespace tiffin {

class Console;
class Notices;
struct RateLimit;
struct Vm;
namespace pci {
class Messages;
}
namespace trace {
struct Recorder;
}
namespace virtio {
struct Device;
}

struct Cpu {
    std::uint64_t stack_top{0};     // must stay first: arch/aarch64/boot.S knows
    Vcpu* current{nullptr};         // on whose behalf the core runs; nullptr: nobody's (idle)
    Vcpu* loaded{nullptr};          // whose system registers the hardware holds; stays while the core idles
    Vcpu* fp_owner{nullptr};        // whose FP/SIMD registers the hardware holds
    bool need_resched{false};       // leave EL2 through sched::switch_vcpu
    bool yielding{false};           // whoever runs now goes behind its equals
    bool debugged{false};           // debug exceptions are armed (core/debug)
    std::uint32_t index{0};         // in BoardRecord::mpidr
    std::uint64_t turn_started{0};  // counter when `current` got the core, or idling began
    std::uint64_t slice_end{TimerQueue::never};
    std::uint64_t switch_ticks{0};  // 1 us: longer than a switch takes
    std::uint64_t wake_charge{
        0};                // ticks that each wake-up takes from the waker's budget: EL2's work for it in the turns of others
    std::uint64_t due{0};  // the deadline of the timer whose time has come, while that is handled; 0: none
    std::uint64_t programmed{0};  // what the EL2 timer is set to
    std::uint64_t idle_ticks{0}, idle_wakeups{0}, longest_sleep{0};
    trace::Recorder* trace{nullptr};  // nullptr: nobody asked for a trace
    TimerQueue timers;
    Scheduler scheduler;
    Frame frame;  // the static schedule, if the core has one
    Timer frame_timer;
    Vm* window_vm{nullptr};           // whose time window it is
    std::uint64_t random_state[4]{};  // of the TRNG service's generator

    // What other cores ask of it (core/smp).
    Mailbox<Mail> mailbox;
    std::atomic<bool> ready{false};  // it has come up, and takes mail

    // What arch/ needs of it.
    Cpu* self{this};              // see arch::set_this_cpu
    std::uint64_t gic_frame{0};   // registers of its private interrupts (GICv3: SGI frame of its redistributor)
    std::uint64_t sgi_target{0};  // what addresses an SGI to it: ICC_SGI1R_EL1 or GICD_SGIR, without the INTID
};

/// Who a physical SPI belongs to.
struct IrqOwner {
    Vm* vm{nullptr};  // nullptr: nobody, or the hypervisor itself
    std::uint32_t virtual_id{0};
    bool hypervisor{false};
    RateLimit* limit{nullptr};  // nullptr: none
};

struct Machine {
    PlanView const* plan{nullptr};
    std::span<Vm*> vms;
    std::span<Cpu> cpus;
    std::span<IrqOwner> irq_owners;  // by INTID, from 32
    Console* console{nullptr};
    Notices* notices{nullptr};
    pci::Messages* messages{nullptr};       // nullptr: no function sends any, or they come as SPIs
    std::atomic<std::uint32_t> running{0};  // VMs that have not stopped or crashed
    bool several{false};                    // more than one core runs
    CoreLock console_lock;
    std::uint64_t started{0};      // counter when the first guest was entered
    std::uint64_t ns_per_tick{0};  // in 2^-32 ns
    bool gic_is_v3{true};
    std::uint32_t virtual_timer_intid{27};  // of the board, here for the hot path
    VmidAllocator vmids;
    CoreLock vmid_lock;
    CoreLock virtio_lock;
    std::span<virtio::Device> virtio;  // in the plan's order
    /// Called when the last VM has stopped.
    void (*on_all_stopped)(){nullptr};
    /// Called for the hypervisor's own SPI (its UART), and when the console's bell rings (mail::bell_sgi).
    void (*on_own_interrupt)(std::uint32_t intid){nullptr};

    [[nodiscard]] bool gicv3() const { return gic_is_v3; }
};

extern constinit Machine machine;

}  // namespace tiffin
