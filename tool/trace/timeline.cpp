#include "tool/trace/timeline.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace tiffin {
namespace {

/// Reads one ring in the order in which it was written.
class CoreTeller {
public:
    CoreTeller(CoreTrace const& core, Timeline& out) : core_{core}, out_{out} {}

    void tell() {
        for (auto const& e : core_.entries) take(e);
        if (!turn_) return;  // it never said who ran
        turn_->to = std::max(last_, turn_->from);
        out_.turns.push_back(*turn_);
        out_.cores.push_back({core_.core, first_, turn_->to, core_.overwritten});
    }

private:
    void take(TraceEntry const& e) {
        last_ = std::max(last_, e.time);
        switch (e.kind) {
            case abi::TraceKind::Switch: return on_switch(e);
            case abi::TraceKind::Hypercall:
            case abi::TraceKind::Trap:
            case abi::TraceKind::Interrupt:
            case abi::TraceKind::SError:
            case abi::TraceKind::WakeUp:
            case abi::TraceKind::StartStep: return on_path(e);
            case abi::TraceKind::Wake:
                woke_.insert_or_assign(e.who, e.time - std::min<std::uint64_t>(e.argument, e.time));
                return;
            case abi::TraceKind::Timer:
            case abi::TraceKind::Exhausted:
            case abi::TraceKind::Replenished:
            case abi::TraceKind::State:
            case abi::TraceKind::Lost: return out_.moments.push_back({core_.core, e.kind, e.who, e.argument, e.time});
            case abi::TraceKind::None:
            case abi::TraceKind::Sleep: return;
        }
    }

    void on_switch(TraceEntry const& e) {
        if (turn_) {
            turn_->to = std::max(e.time, turn_->from);
            turn_->reason = static_cast<abi::TraceReason>(std::min<std::uint16_t>(e.detail, 3));
            out_.turns.push_back(*turn_);
        } else {
            first_ = e.time;
        }
        turn_ = Turn{core_.core, e.who, turn_ ? turn_->to : e.time, 0, abi::TraceReason::None};
    }

    /// The way that led to a turn ends when the guest is entered: then whoever woke for it has waited long enough.
    void on_path(TraceEntry const& e) {
        out_.paths.push_back({core_.core, e.kind, e.who, e.argument, e.time - std::min<std::uint64_t>(e.detail, e.time), e.time});
        if (!turn_ || e.kind == abi::TraceKind::None) return;
        auto const woke = woke_.find(turn_->who);
        if (woke == woke_.end()) return;
        out_.waits.push_back({core_.core, turn_->who, woke->second, std::max(e.time, woke->second)});
        woke_.erase(woke);
    }

    CoreTrace const& core_;
    Timeline& out_;
    std::optional<Turn> turn_;
    std::map<std::uint16_t, std::uint64_t> woke_;
    std::uint64_t first_{0}, last_{0};
};

}  // namespace

Timeline tell(TraceFile const& file) {
    Timeline out;
    if (!file.cores().empty()) out.frequency = file.cores().front().frequency;
    for (auto const& core : file.cores()) CoreTeller{core, out}.tell();
    sort_by_time(out.turns, &Turn::from);
    sort_by_time(out.waits, &Wait::woke);
    sort_by_time(out.paths, &Path::from);
    sort_by_time(out.moments, &Moment::at);
    for (auto const& span : out.cores) {
        out.from = out.from == 0 ? span.from : std::min(out.from, span.from);
        out.to = std::max(out.to, span.to);
    }
    return out;
}

}  // namespace tiffin
