#include "tool/contract/simulator.hpp"

#include <algorithm>

namespace tiffin::contract::simulator {
namespace {

constexpr Ns never = ~Ns{0};

}  // namespace

Simulator::Simulator(Core const& core, std::vector<Guest> guests, std::uint64_t seed)
    : overheads_{core.overheads}, seen_(core.tasks.size()), random_{seed} {
    for (std::size_t i = 0; i < core.tasks.size(); ++i) {
        Vcpu v{.task = &core.tasks[i], .guest = guests[i]};
        v.wake_at = v.guest.offset;
        if (v.task->server) v.chunks = {{0, v.task->server->budget}};
        vcpus_.push_back(std::move(v));
    }
}

std::vector<Seen> Simulator::run(Ns until) {
    while (now_ < until) {
        handle_events();
        if (current_ != nullptr && current_->state != State::Ready) {  // spent by an interrupt
            current_ = nullptr;
            continue;
        }
        Vcpu* const next = best();
        if (next == nullptr) {
            now_ = std::min(until, next_event());
            continue;
        }
        if (next != current_) {
            if (current_ != nullptr) off_core(*current_, 2 + current_->task->devices);
            current_ = next;
            next->others.clear();
            elapse(next, overheads_.switching);
            continue;  // what came meanwhile is taken first
        }
        run_guest(until);
        if (current_->state != State::Ready) current_ = nullptr;
    }
    return std::move(seen_);
}

// ------------------------------------------------------------------------------------------------------------------- events

Ns Simulator::due(Vcpu const& v) const {
    Ns at = never;
    if (v.state == State::Asleep) at = v.wake_at;
    if (v.state == State::Spent) at = v.chunks.front().from;
    for (auto const other : v.others) at = std::min(at, other);
    return at;
}

Ns Simulator::next_event() const {
    Ns at = never;
    for (auto const& v : vcpus_) at = std::min(at, due(v));
    return at;
}

void Simulator::handle_events() {
    for (bool some = true; some;) {
        some = false;
        for (auto& v : vcpus_) {
            if (due(v) > now_) continue;
            if (current_ != nullptr && current_->state == State::Spent) return;  // the timer's interrupt comes first
            some = true;
            handle(v);
        }
    }
}

void Simulator::handle(Vcpu& v) {
    auto const came = now_;
    elapse(current_, overheads_.interrupt);
    if (std::erase_if(v.others, [&](Ns at) { return at <= came; }) != 0) return;
    wake(v);
}

void Simulator::wake(Vcpu& v) {
    bool const slept = v.state == State::Asleep;
    v.state = State::Ready;
    v.queued = ++turns_;
    if (slept) {
        // Budget that was there is wanted from now on.
        Ns ready = 0, last = 0;
        while (!v.chunks.empty() && v.chunks.front().from <= now_) {
            ready += v.chunks.front().amount;
            last = v.chunks.front().from;
            v.chunks.pop_front();
        }
        // From a core that slept EL2 does not know since when: it takes the time at which it came.
        auto const noticed = current_ == nullptr ? now_ : v.wake_at + random(overheads_.blocking() + 1);
        if (ready != 0) v.chunks.push_front({std::max(std::min(now_, noticed), last), ready});
        v.deserving = v.wake_at >= v.whole_from;
        v.woke = v.arrival = v.wake_at;
        v.used = 0;
        plan_work(v);
    }
    off_core(v, 1 + v.task->devices);
    if (v.task->server) spend(v, overheads_.wake_charge);
}

/// Its timers and devices may interrupt whoever runs.
void Simulator::off_core(Vcpu& v, unsigned interrupts) {
    if (overheads_.interrupt == 0 || random(2) != 0) return;
    auto const reach = v.task->server ? v.task->server->period : 100;
    for (unsigned n = 0; n < interrupts; ++n) v.others.push_back(now_ + random(random(2) == 0 ? 4 : reach));
}

// ------------------------------------------------------------------------------------------------------------------- budgets

/// Chunks stay in the order in which they come back.
void Simulator::put_back(Vcpu& v, Chunk chunk) {
    auto const at = std::ranges::upper_bound(v.chunks, chunk.from, {}, &Chunk::from);
    v.chunks.insert(at, chunk);
}

/// Takes `time` from the front chunks, even from those that are not back yet: what was overrun is paid later.
void Simulator::spend(Vcpu& v, Ns time) {
    v.used += time;
    while (time != 0) {
        auto& front = v.chunks.front();
        auto const part = std::min(time, front.amount);
        Chunk const used{front.from + v.task->server->period, part};
        front.amount -= part;
        if (front.amount == 0) v.chunks.pop_front();
        time -= part;
        put_back(v, used);
    }
}

Ns Simulator::left(Vcpu const& v) const {
    if (!v.task->server) return never;
    Ns sum = 0;
    for (auto const& c : v.chunks) {
        if (c.from > now_) break;
        sum += c.amount;
    }
    return sum;
}

void Simulator::charge(Vcpu* v, Ns time) {
    if (v == nullptr || time == 0) return;
    auto& pieces = seen_[static_cast<std::size_t>(v - vcpus_.data())].pieces;
    if (!pieces.empty() && pieces.back().to == now_)
        pieces.back().to = now_ + time;
    else
        pieces.push_back({now_, now_ + time});
    if (v->task->server) spend(*v, time);
}

void Simulator::elapse(Vcpu* v, Ns time) {
    charge(v, time);
    now_ += time;
    if (v != nullptr && v->state == State::Ready && left(*v) == 0) v->state = State::Spent;
}

// -------------------------------------------------------------------------------------------------------------------- guests

bool Simulator::before(Vcpu const& a, Vcpu const& b) const {
    auto const fixed_a = a.task->policy == Policy::Fixed, fixed_b = b.task->policy == Policy::Fixed;
    if (fixed_a != fixed_b) return fixed_a;
    if (a.task->priority != b.task->priority) return a.task->priority > b.task->priority;
    if (current_ == &a || current_ == &b) return current_ == &a;  // equals do not displace each other
    return a.queued < b.queued;
}

Simulator::Vcpu* Simulator::best() {
    Vcpu* first = nullptr;
    for (auto& v : vcpus_) {
        if (v.state == State::Ready && left(v) == 0) v.state = State::Spent;
        if (v.state == State::Ready && (first == nullptr || before(v, *first))) first = &v;
    }
    return first;
}

void Simulator::plan_work(Vcpu& v) {
    auto const budget = v.task->server ? v.task->server->budget : 20;
    switch (v.guest.habit) {
        case Habit::Deserving: v.work = v.guest.demand; break;
        case Habit::Greedy: v.work = never / 2; break;
        case Habit::Sleeper: v.work = 1 + random(budget); break;
        case Habit::Storm: v.work = 1 + random(2); break;
        case Habit::Miser: v.work = std::max<Ns>(1, std::min(budget, left(v)) - (left(v) > 1 ? 1 : 0)); break;
    }
    plan_call(v);
}

void Simulator::plan_call(Vcpu& v) {
    auto const reach = std::min(v.work, v.task->server ? 2 * v.task->server->budget : 40);
    v.call_at = v.guest.calls ? v.work - random(reach) : 0;
}

/// The guest has done what it woke for.
void Simulator::sleep(Vcpu& v) {
    auto& seen = seen_[static_cast<std::size_t>(&v - vcpus_.data())];
    auto const period = v.task->server ? v.task->server->period : 100;
    if (v.guest.habit == Habit::Deserving && v.task->server) {
        v.deserving &= v.used <= v.task->server->budget;
        if (v.deserving) {
            seen.worst = std::max(seen.worst, now_ - v.arrival);
            ++seen.judged;
        }
        v.whole_from = v.deserving ? v.arrival + period : now_ + 2 * period;
        auto const next = v.arrival + period + random(v.guest.jitter + 1);
        if (next <= now_) {  // the next activation has been waiting
            v.deserving = v.deserving && next >= v.whole_from;
            v.arrival = next;
            v.used = 0;
            return plan_work(v);
        }
        v.wake_at = next;
    } else if (v.guest.habit == Habit::Storm) {
        v.wake_at = now_ + 1 + random(3);
    } else if (v.guest.habit == Habit::Miser) {
        v.wake_at = std::max(now_ + 1, v.woke + period);
    } else {
        v.wake_at = now_ + 1 + random(random(3) == 0 ? 2 * period : period / 4 + 1);
    }
    v.state = State::Asleep;
    v.others.clear();
}

/// The current guest runs until something happens.
void Simulator::run_guest(Ns until) {
    Vcpu& v = *current_;
    auto const budget = left(v);
    auto time = std::min({v.work, budget, next_event() - now_, std::max<Ns>(1, until - now_)});
    bool const calls = v.call_at != 0 && v.work >= v.call_at && v.work - v.call_at <= time;
    if (calls) {
        elapse(&v, v.work - v.call_at);
        auto const path = std::min(v.call_at, overheads_.masked);
        v.work = v.call_at - path;
        plan_call(v);
        elapse(&v, path);
    } else {
        v.work -= time;
        elapse(&v, time);
    }
    if (v.work == 0) return sleep(v);
    if (v.state == State::Spent) {
        v.state = State::Ready;  // until the timer's interrupt is handled
        elapse(&v, overheads_.interrupt);
        v.state = State::Spent;
    }
}

}  // namespace tiffin::contract::simulator
