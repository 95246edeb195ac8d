#include "tool/trace/audit.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <utility>

#include "tool/trace/summary.hpp"

namespace tiffin {
namespace {

using contract::Bound;
using contract::Ns;

std::string microseconds(Ns ns) { return fmt::format("{}.{:03} us", ns / 1000, ns % 1000); }

/// Part of a turn, in nanoseconds since the trace begins.
struct Piece {
    Ns from, to;
};

/// What one vCPU ran in its own name, and when it was awake.
class Record {
public:
    Record(Timeline const& timeline, std::uint16_t who) : timeline_{timeline}, who_{who} {
        for (auto const& turn : timeline.turns)
            if (turn.who == who) add(timeline.since_start(turn.from), timeline.since_start(turn.to));
        for (auto const& piece : pieces_) sums_.push_back((sums_.empty() ? 0 : sums_.back()) + piece.to - piece.from);
    }

    /// How much of [from, to).
    [[nodiscard]] Ns ran(Ns from, Ns to) const { return until(to) - until(from); }
    [[nodiscard]] std::vector<Piece> const& pieces() const { return pieces_; }

private:
    /// From Exhausted to Replenished it runs as background, if at all, and that is nobody's right.
    void add(Ns from, Ns to) {
        for (auto const& gap : background()) {
            if (gap.to <= from || gap.from >= to) continue;
            if (gap.from > from) pieces_.push_back({from, gap.from});
            from = std::min(gap.to, to);
        }
        if (from < to) pieces_.push_back({from, to});
    }

    std::vector<Piece> const& background() {
        if (gaps_) return *gaps_;
        gaps_.emplace();
        std::optional<Ns> since;
        for (auto const& m : timeline_.moments) {
            if (m.who != who_) continue;
            auto const at = timeline_.since_start(m.at);
            if (m.kind == abi::TraceKind::Exhausted && m.argument != 0 && !since) since = at;
            if (m.kind == abi::TraceKind::Replenished && since) gaps_->push_back({*std::exchange(since, std::nullopt), at});
        }
        if (since) gaps_->push_back({*since, ~0ull});
        return *gaps_;
    }

    [[nodiscard]] Ns until(Ns time) const {
        auto const after = std::ranges::upper_bound(pieces_, time, {}, &Piece::from);
        if (after == pieces_.begin()) return 0;
        auto const i = static_cast<std::size_t>(after - pieces_.begin()) - 1;
        auto const cut = pieces_[i].to > time ? pieces_[i].to - time : 0;
        return sums_[i] - cut;
    }

    Timeline const& timeline_;
    std::uint16_t who_;
    std::vector<Piece> pieces_;
    std::vector<Ns> sums_;  // of all pieces up to and with this one
    std::optional<std::vector<Piece>> gaps_;
};

class Auditor {
public:
    Auditor(TraceFile const& file, Timeline const& timeline) : file_{file}, timeline_{timeline} {}

    Audit run(contract::Bounds const& bounds) {
        for (auto const& core : timeline_.cores)
            if (core.overwritten != 0)
                out_.seen.push_back(fmt::format("core {}: what was before {} is overwritten, and not audited", core.core,
                                                microseconds(timeline_.since_start(core.from))));
        for (auto const& bound : bounds.vcpus) look_at(bound);
        for (auto const& bound : bounds.cores) look_at_paths(bound);
        return std::move(out_);
    }

private:
    void look_at(Bound const& bound) {
        auto const who = file_.find(bound.vm, bound.vcpu);
        if (!who) return out_.passed.push_back(bound.vm + ": the trace knows no such VM: it is of another description");
        auto const name = file_.name_of(*who);
        Record const record{timeline_, *who};
        auto const use = most_used(name, bound, record);
        auto const responses = look_at_responses(name, bound, *who, record);
        out_.seen.push_back(fmt::format("{}: {}; {}", name, use, responses));
    }

    /// The most in a window is where the window begins with a piece, or ends with one.
    std::string most_used(std::string const& name, Bound const& bound, Record const& record) {
        std::string of_one_period;
        for (Ns const periods : {1, 2, 10}) {
            auto const window = periods * bound.period, allowed = contract::most_run(bound, window);
            Piece worst{0, 0};
            Ns most = 0;
            auto const consider = [&](Ns from) {
                auto const ran = record.ran(from, from + window);
                if (ran > most) most = ran, worst = {from, from + window};
            };
            for (auto const& piece : record.pieces()) {
                consider(piece.from);
                if (piece.to >= window) consider(piece.to - window);
            }
            if (most > allowed)
                out_.passed.push_back(fmt::format("{}: from {} on it ran {} in {}, and {} is the most", name,
                                                  microseconds(worst.from), microseconds(most), microseconds(window),
                                                  microseconds(allowed)));
            if (periods == 1)
                of_one_period =
                    fmt::format("at most {} in {} ({} allowed)", microseconds(most), microseconds(window), microseconds(allowed));
        }
        return of_one_period;
    }

    std::string look_at_responses(std::string const& name, Bound const& bound, std::uint16_t who, Record const& record) {
        if (!bound.response) return "no bound on its response";
        contract::Activations activations{bound};
        std::size_t all = 0, held = 0;
        Ns worst = 0;
        for (auto const& [woke, slept] : awake(who)) {
            ++all;
            if (!activations.deserves(woke, slept, record.ran(woke, slept))) continue;
            ++held;
            worst = std::max(worst, slept - woke);
            if (slept - woke > *bound.response)
                out_.passed.push_back(fmt::format("{}: awake at {}, it slept only {} later, and {} is the most", name,
                                                  microseconds(woke), microseconds(slept - woke), microseconds(*bound.response)));
        }
        return fmt::format("{} of {} activations have a bound, worst {} ({} allowed)", held, all, microseconds(worst),
                           microseconds(*bound.response));
    }

    /// From each wake-up until it slept. The first and the last count only if the trace has both.
    [[nodiscard]] std::vector<Piece> awake(std::uint16_t who) const {
        std::vector<Piece> out;
        std::uint64_t slept = 0;
        auto wait = timeline_.waits.begin();
        for (auto const& turn : timeline_.turns) {
            if (turn.who != who || turn.reason != abi::TraceReason::Blocked) continue;
            while (wait != timeline_.waits.end() && (wait->who != who || wait->woke < slept)) ++wait;
            if (wait == timeline_.waits.end()) break;
            if (wait->woke < turn.to) out.push_back({timeline_.since_start(wait->woke), timeline_.since_start(turn.to)});
            slept = turn.to;
        }
        return out;
    }

    void look_at_paths(contract::PathBound const& bound) {
        auto const core = std::ranges::find(file_.cores(), bound.core, &CoreTrace::core);
        if (core == file_.cores().end())
            return out_.passed.push_back(fmt::format("EL2: the trace has nothing of core {}", bound.core));
        auto const& longest = longest_path(*core);
        auto const took = timeline_.nanoseconds(longest.ticks);
        auto const what = fmt::format("{} of {}", file_.path_name(longest.kind, longest.argument), file_.name_of(longest.who));
        auto const where = file_.cores().size() == 1 ? "EL2" : fmt::format("EL2 on core {}", bound.core);
        out_.seen.push_back(
            fmt::format("{}: longest path {} ({} allowed): {}", where, microseconds(took), microseconds(bound.longest), what));
        if (took > bound.longest)
            out_.passed.push_back(fmt::format("{}: until {} a path took {}, and {} is the most: {}", where,
                                              microseconds(timeline_.since_start(longest.end)), microseconds(took),
                                              microseconds(bound.longest), what));
    }

    TraceFile const& file_;
    Timeline const& timeline_;
    Audit out_;
};

}  // namespace

Audit audit(TraceFile const& file, Timeline const& timeline, contract::Bounds const& bounds) {
    return Auditor{file, timeline}.run(bounds);
}

}  // namespace tiffin
