// The ready `share` vCPUs of one core: a list by virtual time, least first.
//
//   first_ -> 100 -> 130 -> 130 -> ... -> 170 -> 180 <- last_
//             ^^^^^^^^^^^^^^^^^          ^^^^^^^^^^
//             who has had less is sought a place here, who has had more, here
//
// A vCPU that has had its slice has had as much as anybody, and goes to the end; one that wakes has had least. Who belongs further inside is
// put down where the search ends, so that queueing is O(1) however many wait. He is served sooner or later than his turn, by at most one
// round of all, and it does not change what he gets: he queues again with what he has had by then.
#pragma once

namespace tiffin {

struct Vcpu;

class ShareQueue {
public:
    /// Places from an end, behind which nobody is sought.
    static constexpr unsigned reach = 4;

    [[nodiscard]] bool empty() const { return first_ == nullptr; }
    /// Who would be taken; nullptr if nobody waits.
    [[nodiscard]] Vcpu const* first() const { return first_; }
    /// Queues a vCPU that is not queued, behind its equals.
    void add(Vcpu& v);
    Vcpu* take();
    /// Nothing happens to one that is not queued.
    void remove(Vcpu& v);

private:
    void add_in_the_middle(Vcpu& v);
    void add_behind_first(Vcpu& v);
    void put_between(Vcpu* before, Vcpu& v, Vcpu* behind);

    Vcpu *first_{nullptr}, *last_{nullptr};
};

}  // namespace tiffin
