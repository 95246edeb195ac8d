#include "tool/contract/supply.hpp"

#include <algorithm>

#include "tool/contract/analysis.hpp"

namespace tiffin::contract {
namespace {

/// What a window loses to EL2: the path under way when it begins, the switch, and every interrupt for the VMs that wait outside.
Ns loss(Core const& core, std::string_view vm) {
    auto lost = core.overheads.blocking() + core.overheads.switching + core.overheads.interrupt;
    for (auto const& t : core.tasks) {
        if (t.vm != vm) lost += (2 + t.devices) * core.overheads.interrupt;
    }
    return lost;
}

}  // namespace

Ns left_for_shares(Core const& core, Ns window) {
    Ns taken = 0;
    for (std::size_t i = 0; i < core.tasks.size(); ++i) {
        auto const& t = core.tasks[i];
        if (t.policy != Policy::Fixed) continue;
        auto const delay = worst_delay(core, i);
        if (!t.server || !delay) return 0;
        auto const cost = whole_cost(core, t);
        auto const reach = window + *delay;
        taken += reach / t.server->period * cost + std::min(cost, reach % t.server->period) + core.overheads.overrun();
    }
    return taken < window ? window - taken : 0;
}

WindowSupply::WindowSupply(Core const& core, std::string_view vm) : major_{core.frame->major} {
    auto const lost = loss(core, vm);
    for (auto const& s : core.frame->slots) {
        if (s.vm != vm || s.length <= lost) continue;
        open_.push_back({s.offset + lost, s.offset + s.length});
        whole_ += s.length - lost;
    }
}

Ns WindowSupply::had_until(Ns at) const {
    Ns had = at / major_ * whole_;
    for (auto const& o : open_) had += std::clamp(at % major_, o.from, o.to) - o.from;
    return had;
}

Ns WindowSupply::least(Ns stretch) const {
    if (open_.empty()) return 0;
    auto least = stretch;
    for (auto const& o : open_)
        least = std::min(least, had_until(o.to + stretch) - had_until(o.to));  // the worst begins at an end
    return least;
}

Ns WindowSupply::longest_wait() const {
    Ns longest = 0;
    for (std::size_t n = 0; n < open_.size(); ++n) {
        auto const next = n + 1 < open_.size() ? open_[n + 1].from : open_[0].from + major_;
        longest = std::max(longest, next - open_[n].to);
    }
    return longest;
}

std::optional<Ns> WindowSupply::response(Ns demand) const {
    if (open_.empty()) return std::nullopt;
    Ns low = demand, high = (demand / whole_ + 2) * major_;
    while (low < high) {
        auto const middle = low + (high - low) / 2;
        if (least(middle) >= demand)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

}  // namespace tiffin::contract
