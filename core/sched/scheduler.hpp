// Who runs next on a core: the ready `fixed` vCPU of highest priority (first come, first served within one); else the ready
// `share` or `windows` vCPU whose turn it is by its weight; else the `fixed` ones in the background (priority 0: their budgets
// are used up), in rounds of equal parts. Tickless: a timer is set only when someone waits for it.
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
    /// What a `share` vCPU may run in a round, in ticks of virtual time, and one in the background, in ticks.
    Scheduler(std::uint64_t part, std::uint64_t background_part) : shares_{part}, background_{background_part} {}

    /// Vcpu::pace for `weight`: the reverse, 2^16 * weight / default_weight.
    static constexpr std::uint64_t pace_of(std::uint32_t weight) { return (std::uint64_t{weight} << 16) / abi::default_weight; }

    /// The part for `sharers` vCPUs, of whom the lightest has weight `lightest`; `second` in ticks. 4 ms. With more than eight it is
    /// shorter, 32 ms for all of them and 0.125 ms at least, so that a round takes no seconds and shares are right after a few; no
    /// shorter, since a guest should find something in its caches; and the lightest needs 50 us, or the core would only switch.
    static constexpr std::uint64_t part_for(std::uint32_t sharers, std::uint32_t lightest, std::uint64_t second) {
        auto const usual = sharers <= 8 ? second / 250 : sharers >= 256 ? second / 8000 : second * 32 / 1000 / sharers;
        auto const least = second / 20'000 * abi::default_weight / lightest;
        return usual < least ? least : usual;
    }

    /// Where among its equals: in front (it was preempted), or behind them (it woke, or yielded).
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
    /// add() and take() in one step, for a `v` with a weight.
    Vcpu* exchange(Vcpu& v);
    /// Should `candidate` (ready) displace `running`? `slack` is how far in virtual time a `share` vCPU must be behind.
    [[nodiscard]] static bool beats(Vcpu const& candidate, Vcpu const& running, std::uint64_t slack);
    /// Does anyone with a weight wait?
    [[nodiscard]] bool shares_waiting() const { return !shares_.empty(); }
    /// Does anyone wait in the background?
    [[nodiscard]] bool background_waiting() const { return !background_.empty(); }
    /// `v` may run there only from now on: it has missed the rounds before this one.
    void enter_background(Vcpu& v) const;
    /// Ticks that it may run there while another waits.
    [[nodiscard]] std::uint64_t background_slice(Vcpu const& v) const;
    /// Ticks that one with a weight may run while another waits.
    [[nodiscard]] std::uint64_t slice(Vcpu const& v) const;
    /// Accounts run time. A vCPU that wakes has missed the rounds before this one, but for `bonus` of virtual time.
    void charge(Vcpu& v, std::uint64_t ticks);
    void catch_up(Vcpu& v, std::uint64_t bonus) const;

private:
    Vcpu* take_fixed(unsigned priority);
    ShareQueue& queue_of(Vcpu const& v);
    void charge_limited(Vcpu& v, std::uint64_t ticks);

    std::uint64_t ready_priorities_{0};  // bit p: someone of priority p, above 0, is ready
    Vcpu* head_[abi::max_priority + 1]{};
    Vcpu* tail_[abi::max_priority + 1]{};
    ShareQueue shares_, background_;
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
