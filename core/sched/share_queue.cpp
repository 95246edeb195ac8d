#include "core/sched/share_queue.hpp"

#include "core/vm/vcpu.hpp"

namespace tiffin {

void ShareQueue::List::add_first(Vcpu& v) {
    v.previous_ready = nullptr;
    v.next_ready = first;
    (first != nullptr ? first->previous_ready : last) = &v;
    first = &v;
}

void ShareQueue::List::add_last(Vcpu& v) {
    v.previous_ready = last;
    v.next_ready = nullptr;
    (last != nullptr ? last->next_ready : first) = &v;
    last = &v;
}

std::uint64_t ShareQueue::left(Vcpu const& v) const {
    auto const ticks = end_ - v.virtual_time;
    return ticks < crumb_ ? 0 : ticks;
}

void ShareQueue::add(Vcpu& v, bool first) {
    if (left(v) == 0) return done_.add_last(v);
    if (first || (turn_.first != nullptr && v.virtual_time < turn_.first->virtual_time)) return turn_.add_first(v);
    turn_.add_last(v);
}

Vcpu* ShareQueue::take() {
    if (turn_.first == nullptr) {
        if (done_.first == nullptr) return nullptr;
        turn_ = done_;
        done_ = {};
        end_ += part_;
    }
    Vcpu* const v = turn_.first;
    turn_.first = v->next_ready;
    (turn_.first != nullptr ? turn_.first->previous_ready : turn_.last) = nullptr;
    return v;
}

Vcpu* ShareQueue::exchange(Vcpu& v) {
    if (left(v) == 0) {
        done_.add_last(v);
    } else {
        if (turn_.first == nullptr || v.virtual_time < turn_.first->virtual_time) return &v;
        turn_.add_last(v);
    }
    return take();
}

void ShareQueue::remove(Vcpu& v) {
    if (v.previous_ready == nullptr && turn_.first != &v && done_.first != &v) return;
    (v.previous_ready != nullptr ? v.previous_ready->next_ready : turn_.first == &v ? turn_.first : done_.first) = v.next_ready;
    (v.next_ready != nullptr ? v.next_ready->previous_ready : turn_.last == &v ? turn_.last : done_.last) = v.previous_ready;
    v.previous_ready = nullptr;
}

}  // namespace tiffin
