#include "tool/trace/summary.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>

namespace tiffin {
namespace {

struct Share {
    std::uint64_t ran{0}, turns{0};
    std::vector<std::uint64_t> waits;  // ticks, ascending

    [[nodiscard]] std::uint64_t worst() const { return waits.empty() ? 0 : waits.back(); }
    [[nodiscard]] std::uint64_t p99() const { return waits.empty() ? 0 : waits[(waits.size() - 1) * 99 / 100]; }
};

/// By vCPU; nobody's turns are the idle time.
std::map<std::uint16_t, Share> shares_of(Timeline const& timeline) {
    std::map<std::uint16_t, Share> shares;
    for (auto const& turn : timeline.turns) {
        auto& share = shares[turn.who];
        share.ran += turn.to - turn.from;
        ++share.turns;
    }
    for (auto const& wait : timeline.waits) shares[wait.who].waits.push_back(wait.entered - wait.woke);
    for (auto& [who, share] : shares) std::ranges::sort(share.waits);
    return shares;
}

std::uint64_t told(Timeline const& timeline) {
    std::uint64_t ticks = 0;
    for (auto const& core : timeline.cores) ticks += core.to - core.from;
    return ticks;
}

std::string_view end_of(abi::TraceEnd how) {
    switch (how) {
        case abi::TraceEnd::Return: return "back into the guest";
        case abi::TraceEnd::Switch: return "and a switch";
        case abi::TraceEnd::Sleep: return "and sleep";
    }
    return "";
}

}  // namespace

abi::TracePath const& longest_path(CoreTrace const& core) {
    return *std::ranges::max_element(core.longest, {}, &abi::TracePath::ticks);
}

std::string summary_text(TraceFile const& file, Timeline const& timeline) {
    std::string out;
    for (auto const& core : file.cores()) {
        out += fmt::format("core {}: {} events", core.core, core.entries.size());
        if (core.overwritten != 0) out += fmt::format(", {} older ones overwritten", core.overwritten);
        for (auto const& span : timeline.cores)
            if (span.core == core.core)
                out += fmt::format(", {:.3f} ms", static_cast<double>(timeline.nanoseconds(span.to - span.from)) / 1e6);
        out += '\n';
    }
    out += fmt::format("\n{:<34}{:>8}{:>9}{:>22}{:>12}\n", "", "share", "turns", "wake to run, ns: p99", "worst");
    auto const all = std::max<std::uint64_t>(told(timeline), 1);
    for (auto const& [who, share] : shares_of(timeline)) {
        out += fmt::format("{:<34}{:>7.2f}%{:>9}", file.name_of(who),
                           100.0 * static_cast<double>(share.ran) / static_cast<double>(all), share.turns);
        if (!share.waits.empty())
            out += fmt::format("{:>22}{:>12}", timeline.nanoseconds(share.p99()), timeline.nanoseconds(share.worst()));
        out += '\n';
    }
    auto const& core = *std::ranges::max_element(file.cores(), {}, [](CoreTrace const& of) { return longest_path(of).ticks; });
    auto const& longest = longest_path(core);
    if (longest.ticks == 0) return out;
    return out + fmt::format("\nlongest path at EL2: {} ns on core {}: {} of {} {}\n", timeline.nanoseconds(longest.ticks),
                             core.core, file.path_name(longest.kind, longest.argument), file.name_of(longest.who),
                             end_of(longest.how));
}

std::string summary_json(TraceFile const& file, Timeline const& timeline) {
    auto cores = nlohmann::ordered_json::array();
    for (auto const& core : file.cores()) {
        auto paths = nlohmann::ordered_json::array();
        for (auto const& path : core.longest)
            if (path.ticks != 0)
                paths.push_back({{"ticks", path.ticks},
                                 {"kind", abi::name(path.kind)},
                                 {"name", file.path_name(path.kind, path.argument)},
                                 {"vm", file.name_of(path.who)},
                                 {"end", end_of(path.how)}});
        cores.push_back(
            {{"core", core.core}, {"events", core.entries.size()}, {"overwritten", core.overwritten}, {"longest", paths}});
    }
    auto vcpus = nlohmann::ordered_json::array();
    for (auto const& [who, share] : shares_of(timeline))
        vcpus.push_back({{"name", file.name_of(who)},
                         {"run_ticks", share.ran},
                         {"turns", share.turns},
                         {"waits", share.waits.size()},
                         {"wait_p99_ticks", share.p99()},
                         {"wait_worst_ticks", share.worst()}});
    nlohmann::ordered_json const all{
        {"frequency", timeline.frequency}, {"ticks", told(timeline)}, {"cores", cores}, {"vcpus", vcpus}};
    return all.dump(2) + "\n";
}

}  // namespace tiffin
