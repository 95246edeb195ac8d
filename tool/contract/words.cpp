#include "tool/contract/words.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "tool/contract/analysis.hpp"
#include "tool/contract/mend.hpp"

namespace tiffin::contract {
namespace {

std::string percent(std::uint64_t millionths) { return fmt::format("{:.1f} %", static_cast<double>(millionths) / 10'000); }

std::string times(std::uint64_t count, std::string const& what) {
    return count == 1 ? what : fmt::format("{} x {}", count, what);
}

/// "own budget 400 us + "metronome" 3 x 200 us + ... + hypervisor 41 us".
std::string arithmetic(Core const& core, std::size_t task, Response const& r) {
    auto const& me = *core.tasks[task].server;
    auto out = "own budget " + times(r.activations, duration(me.budget));
    auto hypervisor = r.late + r.blocking + r.interrupts + r.activations * (r.own - me.budget);
    for (auto const& i : r.interference) {
        auto const budget = core.tasks[i.task].server->budget;
        out += fmt::format(" + {} {}", name_of(core, i.task), times(i.activations, duration(budget)));
        hypervisor += i.activations * (i.each - budget) + i.overrun;
    }
    if (r.activations > 1) out += fmt::format(" - {} of its periods", times(r.activations - 1, duration(me.period)));
    return out + fmt::format(" + hypervisor {}", duration(hypervisor));
}

std::string mend_words(Core const& core, std::size_t task, Mend const& mend) {
    auto const whose = mend.task == task ? "" : fmt::format(" of {}", name_of(core, mend.task));
    switch (mend.what) {
        case Mend::What::Budget: return fmt::format("a budget{} of at most {}", whose, duration(mend.value));
        case Mend::What::Priority: return fmt::format("priority {}", mend.value);
        case Mend::What::Deadline: return fmt::format("a deadline of at least {}", duration(mend.value));
    }
    return "";
}

std::string hint(Core const& core, std::size_t task) {
    std::string out;
    for (auto const& mend : mends(core, task))
        out += (out.empty() ? "it would hold with " : ", or with ") + mend_words(core, task, mend);
    return out.empty() ? "no single change of a budget, priority or deadline is enough" : out;
}

Refusal too_small(Core const& core, std::size_t task) {
    auto const wake = core.overheads.switching + core.overheads.wake_charge;
    return {fmt::format("{} has a budget of {}, and a wake-up alone may take {} of it", name_of(core, task),
                        duration(core.tasks[task].server->budget), duration(wake)),
            fmt::format("more than {}", duration(wake)),
            "\"speed\" says how fast the hypervisor's paths are on this board; without it they are QEMU's"};
}

Refusal too_late(Core const& core, std::size_t task, Response const& r) {
    auto const deadline = core.tasks[task].server->deadline;
    return {fmt::format("{} can miss its deadline: worst response {}, deadline {}: {}", name_of(core, task), duration(r.worst),
                        duration(deadline), arithmetic(core, task, r)),
            fmt::format("at most {}", duration(deadline)), hint(core, task)};
}

Refusal starved(Core const& core, std::size_t task, std::size_t culprit) {
    auto const& other = core.tasks[culprit];
    return {fmt::format("{} has a deadline of {} and can be kept waiting for ever: {} has priority {} and no budget",
                        name_of(core, task), duration(core.tasks[task].server->deadline), name_of(core, culprit), other.priority),
            "a budget for everyone of its priority and above",
            fmt::format("give {} \"budget\" and \"period\", or {} a priority above {}", name_of(core, culprit),
                        name_of(core, task), other.priority)};
}

Refusal overloaded(Core const& core, std::size_t task) {
    auto const& me = core.tasks[task];
    std::string parts;
    for (std::size_t i = 0; i < core.tasks.size(); ++i) {
        auto const& t = core.tasks[i];
        if (t.policy != Policy::Fixed || !t.server || t.priority < me.priority) continue;
        parts += fmt::format("{}{} {} of {}", parts.empty() ? "" : " + ", name_of(core, i), duration(t.server->budget),
                             duration(t.server->period));
    }
    return {
        fmt::format("{} has a deadline and no worst response: core {} would spend {} of its time for priority {} and above: {}, "
                    "each with what the hypervisor spends for it",
                    name_of(core, task), core.id, percent(utilisation(core, me.priority)), me.priority, parts),
        "less than 100 %", hint(core, task)};
}

}  // namespace

std::string duration(Ns time) {
    if (time < us) return fmt::format("{} ns", time);
    auto const unit = time < ms ? us : time < second ? ms : second;
    auto text = fmt::format("{}", time / unit);
    if (auto const rest = time % unit; rest != 0) {
        text += fmt::format(".{:0{}}", rest, unit == us ? 3 : unit == ms ? 6 : 9);
        while (text.back() == '0') text.pop_back();
    }
    return text + (unit == us ? " us" : unit == ms ? " ms" : " s");
}

std::string name_of(Core const& core, std::size_t task) {
    auto const& t = core.tasks[task];
    bool const several = t.vcpu != 0 || std::ranges::count(core.tasks, t.vm, &Task::vm) > 1;
    return several ? fmt::format("\"{}\" vCPU {}", t.vm, t.vcpu) : fmt::format("\"{}\"", t.vm);
}

Refusal refusal(Core const& core, std::size_t task) {
    auto const& t = core.tasks[task];
    if (t.policy != Policy::Fixed || !t.server) return {};
    if (t.server->budget <= core.overheads.switching + core.overheads.wake_charge) return too_small(core, task);
    auto const verdict = worst_response(core, task);
    if (verdict.response)
        return verdict.response->worst > t.server->deadline ? too_late(core, task, *verdict.response) : Refusal{};
    return verdict.why == Unbounded::Starved ? starved(core, task, verdict.culprit) : overloaded(core, task);
}

}  // namespace tiffin::contract
