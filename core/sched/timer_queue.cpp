#include "core/sched/timer_queue.hpp"

#include <utility>

namespace tiffin {

void TimerQueue::arm(Timer& timer, std::uint64_t deadline) {
    if (timer.armed()) cancel(timer);
    timer.deadline = deadline;
    if (count_ == 0 || deadline < slots_[0]->deadline) return put_in_front(timer);
    push(timer);
}

void TimerQueue::cancel(Timer& timer) {
    if (!timer.armed()) return;
    if (timer.slot == Timer::in_front) {
        leave_front(timer);
    } else {
        pull(timer.slot - 1);
    }
    timer.slot = 0;
}

Timer* TimerQueue::expire(std::uint64_t now) {
    if (front_count_ == 0 || earliest_ > now) return nullptr;
    Timer* const first = front_[--front_count_];
    first->slot = 0;
    front_shrank();
    return first;
}

void TimerQueue::put_in_front(Timer& timer) {
    if (front_count_ == most_in_front) {
        Timer& latest = *front_[0];
        if (latest.deadline <= timer.deadline) return push(timer);
        leave_front(latest);
        push(latest);
    }
    std::uint32_t at = front_count_++;
    for (; at > 0 && front_[at - 1]->deadline < timer.deadline; --at) front_[at] = front_[at - 1];
    front_[at] = &timer;
    timer.slot = Timer::in_front;
    earliest_ = front_[front_count_ - 1]->deadline;
}

void TimerQueue::leave_front(Timer const& timer) {
    std::uint32_t at = --front_count_;
    for (Timer* later = front_[at]; later != &timer; --at) std::swap(later, front_[at - 1]);
    front_shrank();
}

void TimerQueue::front_shrank() {
    if (front_count_ != 0) {
        earliest_ = front_[front_count_ - 1]->deadline;
    } else if (count_ != 0) {
        Timer& next = *slots_[0];
        pull(0);
        put_in_front(next);
    } else {
        earliest_ = never;
    }
}

void TimerQueue::push(Timer& timer) {
    TIFFIN_INVARIANT(count_ < slots_.size());
    place(timer, count_++);
    sift_up(count_ - 1);
}

void TimerQueue::pull(std::uint32_t at) {
    if (--count_ == at) return;
    place(*slots_[count_], at);
    sift_down(at);
    sift_up(at);
}

void TimerQueue::sift_up(std::uint32_t at) {
    Timer& timer = *slots_[at];
    while (at > 0) {
        std::uint32_t const parent = (at - 1) / 2;
        if (slots_[parent]->deadline <= timer.deadline) break;
        place(*slots_[parent], at);
        at = parent;
    }
    place(timer, at);
}

void TimerQueue::sift_down(std::uint32_t at) {
    Timer& timer = *slots_[at];
    for (;;) {
        std::uint32_t child = 2 * at + 1;
        if (child >= count_) break;
        if (child + 1 < count_ && slots_[child + 1]->deadline < slots_[child]->deadline) ++child;
        if (timer.deadline <= slots_[child]->deadline) break;
        place(*slots_[child], at);
        at = child;
    }
    place(timer, at);
}

}  // namespace tiffin
