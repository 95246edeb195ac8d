#include "tool/contract/mend.hpp"

#include <algorithm>
#include <optional>

#include "abi/plan.hpp"
#include "tool/contract/analysis.hpp"

namespace tiffin::contract {
namespace {

/// Values that people write: whole microseconds, and tens of them from a millisecond on.
Ns grain_of(Ns time) { return time < ms ? us : 10 * us; }

class Mender {
public:
    Mender(Core const& core, std::size_t task) : core_{core}, task_{task} {
        for (std::size_t i = 0; i < core.tasks.size(); ++i) {
            if (holds(core, i)) held_.push_back(i);
        }
    }

    std::vector<Mend> run() {
        add(budget(task_));
        add(dearest_budget());
        add(priority());
        add(deadline());
        return std::move(found_);
    }

private:
    void add(std::optional<Mend> mend) {
        if (mend) found_.push_back(*mend);
    }

    [[nodiscard]] bool enough(Mend const& mend) const {
        auto const core = mended(core_, mend);
        return holds(core, task_) && std::ranges::all_of(held_, [&](std::size_t i) { return holds(core, i); });
    }

    /// The largest budget of `whose` with which it fits: less budget is never worse for anybody.
    [[nodiscard]] std::optional<Mend> budget(std::size_t whose) const {
        auto const now = core_.tasks[whose].server->budget;
        auto const grain = grain_of(now);
        Ns fits = (abi::min_budget_ns + grain - 1) / grain, fails = (now + grain - 1) / grain;
        if (fits >= fails || !enough({Mend::What::Budget, whose, fits * grain})) return std::nullopt;
        while (fails - fits > 1) {
            auto const middle = fits + (fails - fits) / 2;
            (enough({Mend::What::Budget, whose, middle * grain}) ? fits : fails) = middle;
        }
        return Mend{Mend::What::Budget, whose, fits * grain};
    }

    /// The same of the one above it that takes most, if that helps.
    [[nodiscard]] std::optional<Mend> dearest_budget() const {
        auto const& me = core_.tasks[task_];
        std::optional<std::size_t> dearest;
        for (std::size_t i = 0; i < core_.tasks.size(); ++i) {
            auto const& t = core_.tasks[i];
            if (i == task_ || t.policy != Policy::Fixed || !t.server || t.priority < me.priority) continue;
            if (!dearest || load(t) > load(core_.tasks[*dearest])) dearest = i;
        }
        return dearest ? budget(*dearest) : std::nullopt;
    }

    static double load(Task const& t) { return static_cast<double>(t.server->budget) / static_cast<double>(t.server->period); }

    [[nodiscard]] std::optional<Mend> priority() const {
        for (auto p = core_.tasks[task_].priority + 1; p <= abi::max_priority; ++p) {
            Mend const mend{Mend::What::Priority, task_, p};
            if (enough(mend)) return mend;
        }
        return std::nullopt;
    }

    [[nodiscard]] std::optional<Mend> deadline() const {
        auto const response = worst_response(core_, task_).response;
        if (!response) return std::nullopt;
        auto const grain = grain_of(response->worst);
        auto const value = (response->worst + grain - 1) / grain * grain;
        return value <= abi::max_period_ns ? std::optional{Mend{Mend::What::Deadline, task_, value}} : std::nullopt;
    }

    Core const& core_;
    std::size_t task_;
    std::vector<std::size_t> held_;  // who must not lose by it
    std::vector<Mend> found_;
};

}  // namespace

bool holds(Core const& core, std::size_t task) {
    auto const& t = core.tasks[task];
    if (t.policy != Policy::Fixed || !t.server) return false;
    auto const verdict = worst_response(core, task);
    return verdict.response && verdict.response->worst <= t.server->deadline;
}

Core mended(Core core, Mend const& mend) {
    auto& task = core.tasks[mend.task];
    switch (mend.what) {
        case Mend::What::Budget: task.server->budget = mend.value; break;
        case Mend::What::Priority: task.priority = static_cast<unsigned>(mend.value); break;
        case Mend::What::Deadline: task.server->deadline = mend.value; break;
    }
    return core;
}

std::vector<Mend> mends(Core const& core, std::size_t task) {
    if (!core.tasks[task].server) return {};
    return Mender{core, task}.run();
}

}  // namespace tiffin::contract
