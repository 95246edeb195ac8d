#include "tool/contract/analysis.hpp"

#include <algorithm>

namespace tiffin::contract {
namespace {

constexpr Ns horizon = 1000 * second;  // a busy stretch that is longer is called endless,
constexpr unsigned patience = 20'000;  // and so is one that takes more steps to follow

Ns ceil_div(Ns a, Ns b) { return (a + b - 1) / b; }

constexpr std::uint64_t whole = 1'000'000;  // shares are in millionths
std::uint64_t share(Ns cost, Ns period) { return ceil_div(whole * cost, period); }

bool fixed(Task const& t) { return t.policy == Policy::Fixed; }

/// Interrupts that can come for a vCPU while it is off the core: its two timers, and each device's line once, because the line stays
/// active until the guest ends it.
Ns sources(Task const& t) { return 2 + t.devices; }

/// What EL2 spends on one wake-up: its interrupt and the others that can come before the vCPU sleeps again and its timers are its own
/// again, the same for the one that it displaces, and a switch there and back.
Ns wake_cost(Core const& core, Task const& t) {
    Ns displaced = 0;
    for (auto const& other : core.tasks) displaced = std::max(displaced, sources(other));
    return 2 * core.overheads.switching + (sources(t) + displaced) * core.overheads.interrupt;
}

/// The part of it that its own budget does not pay.
Ns unpaid(Core const& core, Task const& t) {
    auto const paid = core.overheads.switching + core.overheads.wake_charge;
    auto const all = wake_cost(core, t);
    return all > paid ? all - paid : 0;
}

/// How often a budget lets its vCPU wake: each time pays for the switch to it at least.
Ns wakes(Core const& core, Task const& t) {
    auto const least = std::max<Ns>(1, core.overheads.switching + core.overheads.wake_charge);
    return std::max<Ns>(1, t.server->budget / least);
}

/// One activation of a guest that does not sleep in the middle of its work.
Ns plain_cost(Core const& core, Task const& t) { return t.server->budget + unpaid(core, t); }

class Level {
public:
    Level(Core const& core, std::size_t task, Ns own) : core_{core}, me_{core.tasks[task]}, own_{own} {
        for (std::size_t i = 0; i < core.tasks.size(); ++i) {
            auto const& t = core.tasks[i];
            if (i == task) continue;
            if (fixed(t) && t.priority >= me_.priority)
                above_.push_back({i, 0, whole_cost(core, t), core.overheads.overrun()});
            else
                interrupts_ += (sources(t) + (t.server ? 1 : 0)) * core.overheads.interrupt;
        }
    }

    /// Lehoczky 1990: the worst of all activations in the busy stretch that begins when everybody wakes at once.
    std::optional<Response> worst() {
        if (overloaded()) return std::nullopt;
        Response result{.own = own_, .blocking = core_.overheads.blocking(), .interrupts = interrupts_};
        Ns finish = 0;
        for (std::uint64_t n = 1;; ++n) {
            finish = finish_of(n, finish);
            if (finish > horizon || ++steps_ > patience) return std::nullopt;
            auto const response = finish - (n - 1) * me_.server->period;
            if (response > result.worst) {
                result.worst = response;
                result.activations = n;
                result.interference = above_;
            }
            if (finish <= n * me_.server->period) return result;  // it slept before its next activation
        }
    }

private:
    [[nodiscard]] bool overloaded() const {
        auto sum = share(own_, me_.server->period);
        for (auto const& a : above_) sum += share(a.each, core_.tasks[a.task].server->period);
        return sum > whole;
    }

    /// Joseph and Pandya 1986: the least time by which `n` activations and everything above them are done.
    Ns finish_of(std::uint64_t n, Ns at_least) {
        auto const constant = core_.overheads.blocking() + interrupts_ + n * own_;
        for (Ns at = std::max(at_least, constant);;) {
            Ns next = constant;
            for (auto& a : above_) {
                a.activations = ceil_div(at, core_.tasks[a.task].server->period);
                next += a.activations * a.each + a.overrun;
            }
            if (next <= at || next > horizon || ++steps_ > patience) return next;
            at = next;
        }
    }

    Core const& core_;
    Task const& me_;
    Ns own_;
    Ns interrupts_{0};
    unsigned steps_{0};
    std::vector<Interference> above_;
};

/// Why there can be no bound for it; nothing if the level is worth analysing.
std::optional<Verdict> hopeless(Core const& core, std::size_t task) {
    auto const& me = core.tasks[task];
    if (!me.server) return Verdict{.why = Unbounded::NoBudget};
    for (std::size_t i = 0; i < core.tasks.size(); ++i) {
        auto const& t = core.tasks[i];
        if (fixed(t) && !t.server && t.priority >= me.priority) return Verdict{.why = Unbounded::Starved, .culprit = i};
    }
    return std::nullopt;
}

/// The guest's own part of its budget: EL2 may charge it for its wake-up, for a switch back after each displacement, and for each
/// interrupt that comes in its turns.
Ns usable(Core const& core, Task const& me, Response const& r) {
    Ns lost = r.interrupts + wake_cost(core, me) + core.overheads.wake_charge;
    for (auto const& i : r.interference) lost += i.activations * unpaid(core, core.tasks[i.task]);
    return me.server->budget > lost ? me.server->budget - lost : 0;
}

}  // namespace

Ns whole_cost(Core const& core, Task const& t) { return t.server->budget + wakes(core, t) * unpaid(core, t); }

std::uint64_t utilisation(Core const& core, unsigned least_priority) {
    std::uint64_t sum = 0;
    for (auto const& t : core.tasks) {
        if (fixed(t) && t.server && t.priority >= least_priority) sum += share(whole_cost(core, t), t.server->period);
    }
    return sum;
}

Verdict worst_response(Core const& core, std::size_t task) {
    if (auto const no = hopeless(core, task)) return *no;
    auto const& me = core.tasks[task];
    Verdict verdict{.response = Level{core, task, plain_cost(core, me)}.worst(), .why = Unbounded::Overloaded};
    if (!verdict.response) return verdict;
    auto& r = *verdict.response;
    r.late = core.overheads.blocking() + core.overheads.interrupt + wake_cost(core, me);
    r.worst += r.late;
    r.usable = usable(core, me, r);
    return verdict;
}

std::optional<Ns> worst_delay(Core const& core, std::size_t task) {
    if (hopeless(core, task)) return std::nullopt;
    auto const& me = core.tasks[task];
    auto const response = Level{core, task, whole_cost(core, me)}.worst();
    if (!response) return std::nullopt;
    return response->worst - me.server->budget;
}

}  // namespace tiffin::contract
