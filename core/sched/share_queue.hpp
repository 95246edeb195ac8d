// The ready `share` vCPUs of one core, and their rounds.
//
//   turn_:  a -> b -> c        have virtual time left in this round          virtual time
//   done_:  x -> y             have had their part of it        ... |--- part ---|--- part ---| ...
//                                                                         a  c b x y end_
//
// In a round everybody may run until his virtual time (run time by weight) reaches its end; when nobody has any left, the next one begins,
// one part later. So shares are right after any whole number of rounds. In any stretch of time no two that both wanted to run differ by
// more than two parts and a quarter (one had his part at both ends of it, the other at neither), however often either was interrupted.
// Within a round the order is that of coming; it matters to nobody's share, and so to choose and to queue is O(1).
//
// (Rounds of virtual time: Nieh, Vaill, Zhong, "Virtual-Time Round-Robin: An O(1) Proportional Share Scheduler", USENIX 2001. There the
// queue is sorted by weight; here a vCPU's slice ends with its part instead.)
#pragma once
#include <cstdint>

namespace tiffin {

struct Vcpu;

class ShareQueue {
public:
    ShareQueue() = default;
    /// `part`: ticks of virtual time for each round.
    explicit ShareQueue(std::uint64_t part) : part_{part}, crumb_{part / 8}, end_{part} {}

    [[nodiscard]] bool empty() const { return turn_.first == nullptr && done_.first == nullptr; }
    /// Queues a vCPU that is not queued. First of all if it has had less than who is first now, or if that is asked for.
    void add(Vcpu& v, bool first);
    /// The next to run; nullptr if nobody waits.
    Vcpu* take();
    /// `v`, which ran, gives way: the next to run, which may be `v`.
    Vcpu* exchange(Vcpu& v);
    /// Nothing happens to one that is not queued.
    void remove(Vcpu& v);

    /// Ticks of virtual time that `v` has left in this round; 0 for less than an eighth of a part, which it gets in the next one.
    [[nodiscard]] std::uint64_t left(Vcpu const& v) const;
    /// No one's virtual time is beyond the round's end: who runs on because nobody waits takes it along.
    void reached(std::uint64_t virtual_time) { end_ = virtual_time > end_ ? virtual_time : end_; }
    [[nodiscard]] std::uint64_t part() const { return part_; }
    /// Where the round began.
    [[nodiscard]] std::uint64_t begin() const { return end_ - part_; }

private:
    struct List {
        Vcpu *first{nullptr}, *last{nullptr};
        void add_first(Vcpu& v);
        void add_last(Vcpu& v);
    };

    List turn_, done_;
    std::uint64_t part_{0}, crumb_{0}, end_{0};
};

}  // namespace tiffin
