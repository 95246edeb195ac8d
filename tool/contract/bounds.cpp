#include "tool/contract/bounds.hpp"

#include <algorithm>

#include "tool/contract/analysis.hpp"

namespace tiffin::contract {

Bounds bounds(std::span<Core const> cores) {
    Bounds all;
    for (auto const& core : cores) {
        all.cores.push_back({core.id, core.overheads.blocking()});
        for (std::size_t i = 0; i < core.tasks.size(); ++i) {
            auto const& t = core.tasks[i];
            if (t.policy != Policy::Fixed || !t.server) continue;
            Bound b{.vm = t.vm, .vcpu = t.vcpu, .core = core.id};
            b.budget = t.server->budget, b.period = t.server->period, b.deadline = t.server->deadline;
            if (auto const verdict = worst_response(core, i); verdict.response) b.response = verdict.response->worst;
            b.overrun = core.overheads.overrun();
            b.delay = worst_delay(core, i);
            all.vcpus.push_back(std::move(b));
        }
    }
    return all;
}

Ns most_run(Bound const& bound, Ns window) {
    if (!bound.delay) return window;
    auto const reach = window + *bound.delay;
    auto const run = reach / bound.period * bound.budget + std::min(bound.budget, reach % bound.period);
    return std::min(window, run + bound.overrun);
}

bool Activations::deserves(Ns woke, Ns slept, Ns used) {
    bool const deserving = woke >= whole_from_ && used <= bound_.budget;
    // Budget comes back a period after it was there and wanted: that was when it woke if all was there, and at the latest when it slept.
    // What was overrun was taken from budget that was still to come, and comes back a period after that.
    whole_from_ = deserving ? woke + bound_.period : slept + 2 * bound_.period;
    return deserving;
}

}  // namespace tiffin::contract
