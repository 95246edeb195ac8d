#include "core/sched/share_queue.hpp"

#include "core/vm/vcpu.hpp"

namespace tiffin {

void ShareQueue::put_between(Vcpu* before, Vcpu& v, Vcpu* behind) {
    v.previous_ready = before;
    v.next_ready = behind;
    (before != nullptr ? before->next_ready : first_) = &v;
    (behind != nullptr ? behind->previous_ready : last_) = &v;
}

void ShareQueue::add(Vcpu& v) {
    TIFFIN_INVARIANT(v.previous_ready == nullptr && first_ != &v);
    if (last_ != nullptr && v.virtual_time < last_->virtual_time) return add_in_the_middle(v);
    put_between(last_, v, nullptr);
}

/// `v` has had less than the last one.
void ShareQueue::add_in_the_middle(Vcpu& v) {
    auto const time = v.virtual_time;
    if (time <= first_->virtual_time) return time < first_->virtual_time ? put_between(nullptr, v, first_) : add_behind_first(v);
    if (time - first_->virtual_time < last_->virtual_time - time) return add_behind_first(v);
    Vcpu* behind = last_;
    for (unsigned step = 1; step < reach && behind->previous_ready->virtual_time > time; ++step) behind = behind->previous_ready;
    put_between(behind->previous_ready, v, behind);
}

void ShareQueue::add_behind_first(Vcpu& v) {
    Vcpu* before = first_;
    for (unsigned step = 1; step < reach && before->next_ready->virtual_time <= v.virtual_time; ++step)
        before = before->next_ready;
    put_between(before, v, before->next_ready);
}

Vcpu* ShareQueue::take() {
    Vcpu* const v = first_;
    if (v == nullptr) return nullptr;
    first_ = v->next_ready;
    (first_ != nullptr ? first_->previous_ready : last_) = nullptr;
    return v;
}

void ShareQueue::remove(Vcpu& v) {
    if (v.previous_ready == nullptr && first_ != &v) return;
    (v.previous_ready != nullptr ? v.previous_ready->next_ready : first_) = v.next_ready;
    (v.next_ready != nullptr ? v.next_ready->previous_ready : last_) = v.previous_ready;
    v.previous_ready = nullptr;
}

}  // namespace tiffin
