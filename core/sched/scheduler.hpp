// Who runs next on a core: the ready `fixed` vCPU of highest priority (first come, first served within one); else the ready
// `share` vCPU that has had least for its weight. Tickless: a timer is set only when someone waits for it.
#pragma once
#include <cstdint>
#include <span>

#include "abi/plan.hpp"

namespace tiffin {

struct Cpu;
struct Vcpu;

/// The ready vCPUs of one core; the running one is not among them. Pick, queue and remove are O(1) for `fixed`, O(log n) for
/// `share`.
class Scheduler {
public:
    Scheduler() = default;
    /// `slots` has room for every `share` vCPU of the core.
    explicit Scheduler(std::span<Vcpu*> slots) : heap_{slots} {}

    /// Where among its equals: in front (it was preempted), or behind them (it woke, or yielded). `share` vCPUs queue by virtual
    /// time alone.
    enum class Place : std::uint8_t { Front, Back };

    /// Vcpu::weight_factor for `weight`, 1..max_weight: 2^16 * default_weight / weight, rounded, so that no weight is off by more
    /// than 0.1 %.
    static constexpr std::uint64_t factor_of(std::uint32_t weight) { return ((abi::default_weight << 16) + weight / 2) / weight; }

    /// Queues a ready vCPU that is not queued.
    void add(Vcpu& v, Place place);
    /// Takes it out wherever it stands; nothing happens to one that is not queued.
    void remove(Vcpu& v);
    /// Takes the next to run out of the queue; nullptr if nobody is ready.
    Vcpu* take();
    /// Should `candidate` (ready) displace `running`? `slack` is how far in virtual time a `share` vCPU must be behind.
    [[nodiscard]] static bool beats(Vcpu const& candidate, Vcpu const& running, std::uint64_t slack);
    /// Does anyone of `share` wait?
    [[nodiscard]] bool shares_waiting() const { return count_ != 0; }
    /// Accounts run time, and keeps the core's notion of virtual time. A vCPU that wakes starts not more than `bonus` behind it.
    void charge(Vcpu& v, std::uint64_t ticks);
    void catch_up(Vcpu& v, std::uint64_t bonus) const;

private:
    void place(Vcpu& v, std::uint32_t at);
    void sift_up(std::uint32_t at);
    void sift_down(std::uint32_t at);

    std::uint64_t ready_priorities_{0};  // bit p: someone of priority p is ready
    Vcpu* head_[abi::max_priority + 1]{};
    Vcpu* tail_[abi::max_priority + 1]{};
    std::span<Vcpu*> heap_;
    std::uint32_t count_{0};
    std::uint64_t virtual_time_{0};  // of the least served that runs or waits
};

namespace sched {

/// Makes a blocked vCPU ready, and asks for a switch if it should run now. Nothing happens to one that is not blocked.
void wake(Vcpu& v);
/// Makes a vCPU that was off ready (CPU_ON, start of a VM).
void start(Vcpu& v);
/// Takes a vCPU off the core for good (CPU_OFF, stop of its VM). If it is running, the core switches on its way out of EL2.
void stop(Vcpu& v);
/// WFI: blocks the running vCPU unless an interrupt is pending for it.
void block(Vcpu& v);
/// Lets others of the same standing go first.
void yield(Vcpu& v);
/// `from` (running) has sent an interrupt to `to`, another vCPU of its VM on its core, and may well spin until that has handled
/// it: `to` goes next, in the place of `from`. The VM as a whole gains nothing: the two swap what they have had of the core.
void hand_over(Vcpu& from, Vcpu& to);

/// The slow way out of EL2: chooses who runs next, moves the hardware to it if it changed, sleeps while nobody can run.
/// Called by the vectors when Cpu::need_resched is set, and once at boot.
Vcpu* switch_vcpu(Cpu& cpu);

/// The EL2 timer has fired.
void on_timer(Cpu& cpu);
/// Sets the EL2 timer to what the core waits for next.
void program_timer(Cpu& cpu);

}  // namespace sched

}  // namespace tiffin
