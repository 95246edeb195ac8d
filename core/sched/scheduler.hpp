// Who runs next on a core: the ready `fixed` vCPU of highest priority (first come, first served within one); else the ready
// `share` or `windows` vCPU that has had least for its weight; else the `fixed` one that came first into the background (priority
// 0: its budget is used up). Tickless: a timer is set only when someone waits for it.
#pragma once
#include <cstdint>

#include "abi/plan.hpp"
#include "core/sched/share_queue.hpp"

namespace tiffin {

struct Cpu;
struct Vcpu;

/// The ready vCPUs of one core; the running one is not among them. To choose and to queue is O(1).
class Scheduler {
public:
    Scheduler() = default;
    /// `sharers`: how many `share` vCPUs the core has, ready or not.
    explicit Scheduler(std::uint32_t sharers) : sharers_{sharers} {}

    /// Where among its equals: in front (it was preempted), or behind them (it woke, or yielded). `share` vCPUs queue by virtual
    /// time alone.
    enum class Place : std::uint8_t { Front, Back };

    /// Vcpu::weight_factor for `weight`, 1..max_weight: 2^16 * default_weight / weight, rounded, so that no weight is off by more
    /// than 0.1 %.
    static constexpr std::uint64_t factor_of(std::uint32_t weight) { return ((abi::default_weight << 16) + weight / 2) / weight; }

    /// Ticks that a `share` vCPU may run while another waits; `second` in ticks. By its weight, so that all come equally often: 4 ms for the
    /// default weight. With more than eight sharers they are shorter, down to 0.2 ms, so that a round of all takes no seconds and shares
    /// are right after a few; no shorter, since a guest should find something in its caches.
    [[nodiscard]] std::uint64_t slice_for(std::uint32_t weight, std::uint64_t second) const {
        auto const most = second / 250, least = second / 20'000;
        auto const round = second * 32 / 1000 / (sharers_ == 0 ? 1 : sharers_);
        auto const usual = round < second / 5000 ? second / 5000 : round > most ? most : round;
        auto const weighted = usual * weight / abi::default_weight;
        return weighted < least ? least : weighted > most ? most : weighted;
    }

    /// Queues a ready vCPU that is not queued.
    void add(Vcpu& v, Place place);
    /// Takes it out wherever it stands; nothing happens to one that is not queued.
    void remove(Vcpu& v);
    /// Takes the next to run out of the queue; nullptr if nobody is ready.
    Vcpu* take();
    /// add() and take() in one step, for a `v` with a weight.
    Vcpu* exchange(Vcpu& v);
    /// Should `candidate` (ready) displace `running`? `slack` is how far in virtual time a `share` vCPU must be behind.
    [[nodiscard]] static bool beats(Vcpu const& candidate, Vcpu const& running, std::uint64_t slack);
    /// Does anyone with a weight wait?
    [[nodiscard]] bool shares_waiting() const { return !shares_.empty(); }
    /// Accounts run time, and keeps the core's notion of virtual time. A vCPU that wakes starts not more than `bonus` behind it.
    void charge(Vcpu& v, std::uint64_t ticks);
    void catch_up(Vcpu& v, std::uint64_t bonus) const;

private:
    Vcpu* take_fixed(unsigned priority);

    std::uint64_t ready_priorities_{0};  // bit p: someone of priority p is ready
    Vcpu* head_[abi::max_priority + 1]{};
    Vcpu* tail_[abi::max_priority + 1]{};
    ShareQueue shares_;
    std::uint32_t sharers_{0};
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
