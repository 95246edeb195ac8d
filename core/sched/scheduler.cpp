#include "core/sched/scheduler.hpp"

#include <bit>

#include "core/vm/vcpu.hpp"

namespace tiffin {
namespace {

bool before(Vcpu const& a, Vcpu const& b) { return a.virtual_time < b.virtual_time; }

}  // namespace

void Scheduler::add(Vcpu& v, Place where) {
    if (v.policy == abi::Policy::Share) {
        TIFFIN_INVARIANT(count_ < heap_.size() && v.heap_slot == 0);
        heap_[count_] = &v;
        return sift_up(count_++);
    }
    auto const p = v.priority;
    bool const empty = (ready_priorities_ & (1ull << p)) == 0;
    ready_priorities_ |= 1ull << p;
    v.next_ready = nullptr;
    if (empty) {
        head_[p] = tail_[p] = &v;
    } else if (where == Place::Front) {
        v.next_ready = head_[p];
        head_[p] = &v;
    } else {
        tail_[p]->next_ready = &v;
        tail_[p] = &v;
    }
}

Vcpu* Scheduler::take() {
    if (ready_priorities_ != 0) {
        auto const p = 63 - static_cast<unsigned>(std::countl_zero(ready_priorities_));
        Vcpu* const first = head_[p];
        head_[p] = first->next_ready;
        if (head_[p] == nullptr) ready_priorities_ &= ~(1ull << p);
        return first;
    }
    if (count_ == 0) return nullptr;
    Vcpu* const first = heap_[0];
    first->heap_slot = 0;
    if (--count_ != 0) {
        place(*heap_[count_], 0);
        if (count_ > 1) sift_down(0);
    }
    return first;
}

void Scheduler::remove(Vcpu& v) {
    if (v.policy == abi::Policy::Share) {
        if (v.heap_slot == 0) return;
        std::uint32_t const at = v.heap_slot - 1;
        v.heap_slot = 0;
        if (--count_ == at) return;
        place(*heap_[count_], at);
        sift_down(at);
        return sift_up(at);
    }
    auto const p = v.priority;
    if ((ready_priorities_ & (1ull << p)) == 0) return;
    Vcpu* last = nullptr;
    for (Vcpu* at = head_[p]; at != nullptr; last = at, at = at->next_ready) {
        if (at != &v) continue;
        (last == nullptr ? head_[p] : last->next_ready) = v.next_ready;
        if (tail_[p] == &v) tail_[p] = last;
        if (head_[p] == nullptr) ready_priorities_ &= ~(1ull << p);
        return;
    }
}

bool Scheduler::beats(Vcpu const& candidate, Vcpu const& running, std::uint64_t slack) {
    if (candidate.policy != running.policy) return candidate.policy == abi::Policy::Fixed;
    if (candidate.policy == abi::Policy::Fixed) return candidate.priority > running.priority;
    return candidate.virtual_time + slack < running.virtual_time;
}

void Scheduler::charge(Vcpu& v, std::uint64_t ticks) {
    v.stats.run_ticks += ticks;
    if (v.policy == abi::Policy::Fixed) return;
    // 128 bits: a vCPU that was alone for hours is charged in one piece.
    // And with the rest of the last piece: whoever is charged in tiny pieces pays for them too.
    auto const exact = static_cast<unsigned __int128>(ticks) * v.weight_factor + v.virtual_rest;
    v.virtual_time += static_cast<std::uint64_t>(exact >> 16);
    v.virtual_rest = static_cast<std::uint16_t>(exact);
    auto least = v.virtual_time;
    if (count_ != 0 && before(*heap_[0], v)) least = heap_[0]->virtual_time;
    if (least > virtual_time_) virtual_time_ = least;
}

void Scheduler::catch_up(Vcpu& v, std::uint64_t bonus) const {
    auto const floor = virtual_time_ > bonus ? virtual_time_ - bonus : 0;
    if (v.virtual_time < floor) v.virtual_time = floor;
}

void Scheduler::place(Vcpu& v, std::uint32_t at) {
    heap_[at] = &v;
    v.heap_slot = at + 1;
}

void Scheduler::sift_up(std::uint32_t at) {
    Vcpu& v = *heap_[at];
    while (at > 0 && before(v, *heap_[(at - 1) / 2])) {
        place(*heap_[(at - 1) / 2], at);
        at = (at - 1) / 2;
    }
    place(v, at);
}

void Scheduler::sift_down(std::uint32_t at) {
    Vcpu& v = *heap_[at];
    for (;;) {
        std::uint32_t child = 2 * at + 1;
        if (child >= count_) break;
        if (child + 1 < count_ && before(*heap_[child + 1], *heap_[child])) ++child;
        if (!before(*heap_[child], v)) break;
        place(*heap_[child], at);
        at = child;
    }
    place(v, at);
}

}  // namespace tiffin
