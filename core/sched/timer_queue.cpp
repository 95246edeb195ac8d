#include "core/sched/timer_queue.hpp"

namespace tiffin {

void TimerQueue::arm(Timer& timer, std::uint64_t deadline) {
    if (timer.armed()) cancel(timer);
    TIFFIN_INVARIANT(count_ < slots_.size());
    timer.deadline = deadline;
    place(timer, count_++);
    sift_up(count_ - 1);
}

void TimerQueue::cancel(Timer& timer) {
    if (!timer.armed()) return;
    std::uint32_t const at = timer.slot - 1;
    timer.slot = 0;
    if (--count_ == at) return;
    place(*slots_[count_], at);
    sift_down(at);
    sift_up(at);
}

Timer* TimerQueue::expire(std::uint64_t now) {
    if (count_ == 0 || slots_[0]->deadline > now) return nullptr;
    Timer* const first = slots_[0];
    cancel(*first);
    return first;
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
