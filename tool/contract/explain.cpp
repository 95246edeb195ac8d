#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "tool/contract/analysis.hpp"
#include "tool/contract/paths.hpp"
#include "tool/contract/supply.hpp"
#include "tool/contract/words.hpp"
#include "tool/family.hpp"

namespace tiffin::contract {
namespace {

using Row = std::vector<std::string>;

/// Columns as wide as they need to be: the first two to the left, numbers to the right.
std::string table(std::vector<Row> const& rows) {
    std::vector<std::size_t> widths(rows.front().size());
    for (auto const& row : rows) {
        for (std::size_t n = 0; n < row.size(); ++n) widths[n] = std::max(widths[n], row[n].size());
    }
    std::string out;
    for (auto const& row : rows) {
        auto line = fmt::format("  {:<{}}", row[0], widths[0]);
        for (std::size_t n = 1; n < row.size(); ++n) line += fmt::format("  {:>{}}", row[n], widths[n]);
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    }
    return out;
}

/// The rows of vCPUs, in their order; those of one `count` in which only the name differs are one row.
class Rows {
public:
    explicit Rows(Core const& core, Row head) : core_{core}, rows_{{std::move(head)}} {}

    void add(std::size_t task, Row figures) {
        if (last_ && alike(*last_, task) && std::equal(figures.begin(), figures.end(), rows_.back().begin() + 1)) {
            rows_.back()[0] = fmt::format("{} .. {} (count: {})", name_of(core_, first_), name_of(core_, task), ++count_);
        } else {
            figures.insert(figures.begin(), name_of(core_, task));
            rows_.push_back(std::move(figures));
            first_ = task, count_ = 1;
        }
        last_ = task;
    }
    [[nodiscard]] std::string text() const { return table(rows_); }

private:
    [[nodiscard]] bool alike(std::size_t a, std::size_t b) const {
        auto const &one = core_.tasks[a].vm, &other = core_.tasks[b].vm;
        return one != other && family(one) != one && family(one) == family(other);
    }

    Core const& core_;
    std::vector<Row> rows_;
    std::optional<std::size_t> last_;
    std::size_t first_{0}, count_{0};
};

std::string share_of(Ns part, Ns whole) {
    return fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string why(Core const& core, Verdict const& verdict) {
    switch (verdict.why) {
        case Unbounded::NoBudget: return "no contract";
        case Unbounded::Starved: return fmt::format("none: {} has no budget", name_of(core, verdict.culprit));
        case Unbounded::Overloaded: return "none: too much is promised";
    }
    return "";
}

Row fixed_figures(Core const& core, std::size_t i) {
    auto const& t = core.tasks[i];
    auto const verdict = worst_response(core, i);
    Row row{fmt::format("{}", t.priority)};
    if (!t.server) return row.insert(row.end(), {"-", "-", "-", "-", "-", "-", why(core, verdict)}), row;
    auto const& s = *t.server;
    row.insert(row.end(), {duration(s.budget), duration(s.period), duration(s.deadline)});
    if (!verdict.response) return row.insert(row.end(), {"-", "-", "-", why(core, verdict)}), row;
    auto const& r = *verdict.response;
    Ns others = 0, el2 = r.late + r.interrupts + r.activations * (r.own - s.budget);
    for (auto const& other : r.interference) {
        auto const budget = core.tasks[other.task].server->budget;
        others += other.activations * budget;
        el2 += other.activations * (other.each - budget) + other.overrun;
    }
    row.insert(row.end(), {duration(others), duration(r.blocking), duration(el2), duration(r.worst)});
    row.push_back(r.worst > s.deadline ? "-" + duration(r.worst - s.deadline) : duration(s.deadline - r.worst));
    row.insert(row.end(), {share_of(whole_cost(core, t), s.period), duration(r.usable)});
    return row;
}

std::string fixed_table(Core const& core) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < core.tasks.size(); ++i) {
        if (core.tasks[i].policy == Policy::Fixed) order.push_back(i);
    }
    if (order.empty()) return "";
    std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair{-static_cast<int>(core.tasks[i].priority), i}; });
    Rows rows{core,
              {"fixed", "priority", "budget", "period", "deadline", "others", "blocking", "hypervisor", "response", "slack",
               "core", "usable"}};
    for (auto const i : order) rows.add(i, fixed_figures(core, i));
    return rows.text();
}

std::string shares_table(Core const& core) {
    std::uint64_t weights = 0;
    for (auto const& t : core.tasks) weights += t.policy == Policy::Share ? t.weight : 0;
    if (weights == 0) return "";
    auto const left = left_for_shares(core, 100 * ms);
    auto const limitless = std::ranges::find_if(core.tasks, [](Task const& t) { return t.policy == Policy::Fixed && !t.server; });
    auto out = limitless == core.tasks.end()
                   ? fmt::format("  left for shares in any 100 ms, at least: {}\n", duration(left / us * us))
                   : fmt::format("  left for shares: nothing is promised, because \"{}\" has no budget\n", limitless->vm);
    Rows rows{core, {"share", "weight", "of what is left", "if all want it always, on average"}};
    for (std::size_t i = 0; i < core.tasks.size(); ++i) {
        auto const& t = core.tasks[i];
        if (t.policy != Policy::Share) continue;
        rows.add(i, {fmt::format("{}", t.weight), share_of(t.weight, weights),
                     duration(left * t.weight / weights / us * us) + " in 100 ms"});
    }
    return out + rows.text();
}

std::string windows_table(Core const& core) {
    if (!core.frame) return "";
    std::vector<Row> rows{
        {"windows", "in each frame", "at least, in any stretch of a frame", "longest wait", "1 ms of work takes at most"}};
    std::vector<std::string> done;
    for (auto const& t : core.tasks) {
        if (std::ranges::find(done, t.vm) != done.end()) continue;
        done.push_back(t.vm);
        WindowSupply const supply{core, t.vm};
        auto const work = supply.response(ms);
        rows.push_back({'"' + t.vm + '"', duration(supply.each_frame()), duration(supply.least(core.frame->major)),
                        duration(supply.longest_wait()), work ? duration(*work) : "-"});
    }
    return fmt::format("  major frame {}\n", duration(core.frame->major)) + table(rows);
}

/// What `lock` is made of.
std::string locks_line(Overheads const& o) {
    std::string out;
    for (auto const& wait : o.locks)
        out += fmt::format("{}{}, {} x {} for each of {} other core{}", out.empty() ? "  lock: " : "; ", wait.lock, wait.takes,
                           duration(wait.hold), wait.cores, wait.cores == 1 ? "" : "s");
    return out.empty() ? out : out + "\n";
}

}  // namespace

std::string explain(std::span<Core const> cores) {
    std::string out;
    for (auto const& core : cores) {
        auto const& o = core.overheads;
        out += fmt::format(
            "Core {}: the hypervisor's paths take at most: switch {}, interrupt {}, longest {}, lock {}; budgets hold to within "
            "{}\n",
            core.id, duration(o.switching), duration(o.interrupt), duration(o.masked), duration(o.lock), duration(o.overrun()));
        out += locks_line(o) + fixed_table(core) + shares_table(core) + windows_table(core) + "\n";
    }
    return out;
}

}  // namespace tiffin::contract
