#include "core/sched/scheduler.hpp"

#include <bit>

#include "core/vm/vcpu.hpp"

namespace tiffin {
namespace {

bool has_weight(Vcpu const& v) { return v.policy != abi::Policy::Fixed; }

/// The background, then those with weights, then priorities.
unsigned rank(Vcpu const& v) { return has_weight(v) ? 1 : 2u * v.priority; }

}  // namespace

ShareQueue& Scheduler::queue_of(Vcpu const& v) { return has_weight(v) ? shares_ : background_; }

void Scheduler::add(Vcpu& v, Place where) {
    auto const p = v.priority;
    if (p == 0) return queue_of(v).add(v, where == Place::Front);
    bool const empty = (ready_priorities_ & (1ull << p)) == 0;
    ready_priorities_ |= 1ull << p;
    v.next_ready = v.previous_ready = nullptr;
    if (empty) {
        head_[p] = tail_[p] = &v;
    } else if (where == Place::Front) {
        v.next_ready = head_[p];
        head_[p]->previous_ready = &v;
        head_[p] = &v;
    } else {
        tail_[p]->next_ready = &v;
        v.previous_ready = tail_[p];
        tail_[p] = &v;
    }
}

Vcpu* Scheduler::take() {
    if (ready_priorities_ != 0) return take_fixed(63 - static_cast<unsigned>(std::countl_zero(ready_priorities_)));
    if (Vcpu* const first = shares_.take(); first != nullptr) return first;
    return background_.take();
}

Vcpu* Scheduler::exchange(Vcpu& v) {
    if (ready_priorities_ != 0) {
        add(v, Place::Back);
        return take();
    }
    return shares_.exchange(v);
}

Vcpu* Scheduler::take_fixed(unsigned p) {
    Vcpu* const first = head_[p];
    head_[p] = first->next_ready;
    if (head_[p] == nullptr) {
        ready_priorities_ &= ~(1ull << p);
    } else {
        head_[p]->previous_ready = nullptr;
    }
    return first;
}

void Scheduler::remove(Vcpu& v) {
    auto const p = v.priority;
    if (p == 0) return queue_of(v).remove(v);
    bool const first = (ready_priorities_ & (1ull << p)) != 0 && head_[p] == &v;
    if (!first && v.previous_ready == nullptr) return;
    (first ? head_[p] : v.previous_ready->next_ready) = v.next_ready;
    (v.next_ready == nullptr ? tail_[p] : v.next_ready->previous_ready) = v.previous_ready;
    if (head_[p] == nullptr) ready_priorities_ &= ~(1ull << p);
    v.previous_ready = nullptr;
}

bool Scheduler::beats(Vcpu const& candidate, Vcpu const& running, std::uint64_t slack) {
    auto const ours = rank(candidate), theirs = rank(running);
    if (ours != 1 || theirs != 1) return ours > theirs;
    return candidate.virtual_time + slack < running.virtual_time;
}

void Scheduler::charge_limited(Vcpu& v, std::uint64_t ticks) {
    if (v.priority != 0) return v.budget.use(ticks);
    v.virtual_time += ticks;
    background_.reached(v.virtual_time);
}

void Scheduler::charge(Vcpu& v, std::uint64_t ticks) {
    v.stats.run_ticks += ticks;
    if (!has_weight(v)) {
        if (v.limited) charge_limited(v, ticks);
        return;
    }
    // 128 bits: a vCPU that was alone for hours is charged in one piece.
    // And with the rest of the last piece: whoever is charged in tiny pieces pays for them too.
    auto const exact = static_cast<unsigned __int128>(ticks) * v.weight_factor + v.virtual_rest;
    v.virtual_time += static_cast<std::uint64_t>(exact >> 16);
    v.virtual_rest = static_cast<std::uint16_t>(exact);
    shares_.reached(v.virtual_time);
}

void Scheduler::catch_up(Vcpu& v, std::uint64_t bonus) const {
    auto const begin = shares_.begin();
    auto const floor = begin > bonus ? begin - bonus : 0;
    if (v.virtual_time < floor) v.virtual_time = floor;
}

std::uint64_t Scheduler::slice(Vcpu const& v) const {
    auto const left = shares_.left(v) * v.pace >> 16;
    return left == 0 || left > v.slice ? v.slice : left;
}

void Scheduler::enter_background(Vcpu& v) const {
    if (v.virtual_time < background_.begin()) v.virtual_time = background_.begin();
}

std::uint64_t Scheduler::background_slice(Vcpu const& v) const {
    auto const left = background_.left(v);
    return left == 0 ? background_.part() : left;
}

}  // namespace tiffin
