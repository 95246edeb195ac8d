// A virtual CPU: everything that must outlive its turn on a core.
#pragma once
#include <cstddef>
#include <cstdint>

#include "abi/plan.hpp"
#include "base/addr.hpp"
#include "core/irq/vgic.hpp"
#include "core/sched/budget.hpp"
#include "core/sched/timer_queue.hpp"
#include "core/smp/mail.hpp"

namespace tiffin {

struct Cpu;
struct Vm;

/// General registers of the guest. This is also the frame that the exception vectors fill: their offsets are fixed below.
struct GuestRegs {
    std::uint64_t x[31]{};
    std::uint64_t pc{0}, pstate{0};

    /// Register 31 encodes XZR.
    [[nodiscard]] std::uint64_t get(unsigned r) const { return r == 31 ? 0 : x[r]; }
    void set(unsigned r, std::uint64_t value) {
        if (r != 31) x[r] = value;
    }
};

/// EL1 and EL0 system registers, which the hardware keeps while the vCPU is loaded. In the order in which arch/ moves them.
struct El1Regs {
    std::uint64_t sctlr, cpacr, ttbr0, ttbr1, tcr, mair, amair, vbar, contextidr, esr, afsr0, afsr1, far, par, elr, spsr, sp_el0,
        sp_el1, tpidr_el0, tpidrro_el0, tpidr_el1, cntkctl, csselr, cntv_cval;
    std::uint64_t cntv_ctl;  // moved by itself: last in, first out
};

struct alignas(16) FpRegs {
    std::uint64_t v[64];
    std::uint64_t fpcr, fpsr;
};

/// Off -> Ready (PSCI CPU_ON) -> Running <-> Ready, Running -> Blocked (WFI) -> Ready; anything -> Off (CPU_OFF, stop of the VM).
enum class VcpuState : std::uint8_t { Off, Ready, Running, Blocked };

constexpr bool may_move(VcpuState from, VcpuState to) {
    switch (from) {
        case VcpuState::Off: return to == VcpuState::Ready || to == VcpuState::Off;
        case VcpuState::Ready: return to == VcpuState::Running || to == VcpuState::Off;
        case VcpuState::Running: return true;
        case VcpuState::Blocked: return to == VcpuState::Ready || to == VcpuState::Off;
    }
    return false;
}
static_assert(!may_move(VcpuState::Off, VcpuState::Running) && !may_move(VcpuState::Blocked, VcpuState::Running));

/// What PSCI says of a vCPU. OnPending: its core has been asked to start it.
enum class Power : std::uint8_t { Off, OnPending, On };

struct VcpuStats {
    std::uint64_t run_ticks{0}, wakeups{0}, traps{0}, switches{0};
    std::uint64_t ready_ticks{0};     // wanted the core and did not have it: what a guest calls stolen time
    std::uint64_t overruns{0};        // how often its budget was used up while it wanted more
    std::uint64_t worst_response{0};  // of a `fixed` one: longest time from waking to sleeping again, in ticks
    std::uint64_t late{0};            // responses longer than its deadline
};

struct Vcpu {
    GuestRegs regs;              // must stay first: see the offsets below
    std::uint64_t el2_stack{0};  // top of the stack of the core it is pinned to
    Cpu* cpu{nullptr};
    Vm* vm{nullptr};
    std::uint32_t index{0};           // in its VM
    VcpuState state{VcpuState::Off};  // its core's business
    Power power{Power::Off};          // its VM's

    // What the scheduler keeps (core/sched).
    abi::Policy policy{abi::Policy::Share};
    std::uint8_t priority{0};
    std::uint16_t weight{abi::default_weight};
    std::uint16_t virtual_rest{0};   // of virtual_time, in 2^-16 ticks
    std::uint64_t virtual_time{0};   // weighted run time of a `share` vCPU
    std::uint64_t weight_factor{0};  // Scheduler::factor_of(weight): virtual ticks for a tick
    std::uint64_t pace{0};           // Scheduler::pace_of(weight): ticks for a virtual tick
    std::uint64_t slice{0};          // ticks that a `share` vCPU may run while another waits
    Vcpu* next_ready{nullptr};       // in the ready queue of its priority, or in the ShareQueue
    Vcpu* previous_ready{nullptr};   // in the ShareQueue
    std::uint64_t ready_since{0};    // Ready: counter value
    std::uint64_t woke{0};           // counter value at which it last became ready from Blocked or Off

    // Limits (core/sched/rights).
    bool limited{false};           // by a budget, or by time windows
    bool waiting{false};           // Ready, and in no queue: for budget, or for its window
    bool held{false};              // its VM is paused: it waits whatever its budget says (`limited` is true meanwhile)
    bool background{false};        // without budget it runs when nobody else wants to
    std::uint8_t own_priority{0};  // `priority` is 0 while it is in the background
    Budget budget;
    Timer refill_timer;
    std::uint64_t deadline{0};  // ticks from waking to sleeping; 0: none
    /// Where the guest reads its stolen time, in ns (Arm DEN 0057); nullptr: it did not ask.
    std::uint64_t volatile* stolen{nullptr};

    VcpuStats stats;
    Timer virtual_timer;   // stands in for CNTV while the vCPU is not loaded
    Timer physical_timer;  // the emulated CNTP
    std::uint64_t physical_ctl{0}, physical_cval{0};
    std::uint64_t vmpidr{0}, cntvoff{0};
    bool serror_pending{false};  // HCR_EL2.VSE while it is not loaded
    bool holds_messages{false};  // of its VM's functions, which wait until it is loaded

    Mail* mail{nullptr};  // from other cores, where several run

    VgicCpu vgic;
    El1Regs el1{};
    FpRegs fp{};
};

// arch/aarch64/vectors.S knows these.
static_assert(offsetof(Vcpu, regs) == 0 && offsetof(GuestRegs, pc) == 248 && offsetof(GuestRegs, pstate) == 256);
static_assert(offsetof(Vcpu, el2_stack) == 264);
static_assert(sizeof(Vcpu) <= abi::pool_vcpu_bytes);

}  // namespace tiffin
