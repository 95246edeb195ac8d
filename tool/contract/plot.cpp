#include "tool/contract/plot.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

#include "tool/contract/analysis.hpp"
#include "tool/contract/words.hpp"

namespace tiffin::contract {
namespace {

constexpr unsigned left = 150, width = 820, row_height = 34, head = 46;

struct Piece {
    Ns from, to;
};

/// One row of the picture.
struct Lane {
    std::size_t task;
    Ns cost;                    // of each activation: budget and what EL2 spends for it
    std::vector<Piece> pieces;  // it has the core
    Ns response{0};
};

/// Who runs when, if all wake at 0 behind the longest path of EL2, and again each period: highest first.
class WorstMoment {
public:
    explicit WorstMoment(Core const& core) : core_{core}, begin_{core.overheads.blocking()} {
        for (std::size_t i = 0; i < core.tasks.size(); ++i) {
            auto const verdict = worst_response(core, i);
            if (!verdict.response) continue;
            lanes_.push_back({i, whole_cost(core, core.tasks[i]), {}, verdict.response->worst});
            end_ = std::max({end_, verdict.response->worst, core.tasks[i].server->deadline});
        }
        std::ranges::sort(lanes_, {},
                          [&](Lane const& l) { return std::pair{-static_cast<int>(core_.tasks[l.task].priority), l.task}; });
        std::vector<Piece> free{{begin_, end_}};
        for (auto& lane : lanes_) fill(lane, free);
    }

    [[nodiscard]] std::vector<Lane> const& lanes() const { return lanes_; }
    [[nodiscard]] Ns begin() const { return begin_; }
    [[nodiscard]] Ns end() const { return end_; }

private:
    /// Takes what it needs from what those above it have left.
    void fill(Lane& lane, std::vector<Piece>& free) const {
        auto const period = core_.tasks[lane.task].server->period;
        for (Ns release = 0; release < end_ && lane.pieces.size() < 2000; release += period) {
            auto need = lane.cost;
            std::vector<Piece> rest;
            for (auto const& f : free) {
                auto const from = std::max(f.from, release);
                if (need == 0 || from >= f.to) {
                    rest.push_back(f);
                    continue;
                }
                auto const to = std::min(f.to, from + need);
                need -= to - from;
                lane.pieces.push_back({from, to});
                if (f.from < from) rest.push_back({f.from, from});
                if (to < f.to) rest.push_back({to, f.to});
            }
            free = std::move(rest);
        }
    }

    Core const& core_;
    Ns begin_, end_{0};
    std::vector<Lane> lanes_;
};

class Picture {
public:
    explicit Picture(std::span<Core const> cores) {
        for (auto const& core : cores) draw(core);
    }

    [[nodiscard]] std::string svg() const {
        return fmt::format(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"{0}\" height=\"{1}\" fill=\"#fff\"/>\n{2}</svg>\n",
            left + width + 30, std::max(top_, 40u), body_);
    }

private:
    void draw(Core const& core) {
        if (core.frame) return frame(core);
        WorstMoment const moment{core};
        end_ = moment.end();
        auto const title = moment.lanes().empty() ? ": nobody has a contract" : ": all wake at once and use their whole budgets";
        text(10, top_ + 22, fmt::format("Core {}{}", core.id, title), "start", "bold");
        top_ += head;
        for (auto const& lane : moment.lanes()) row(core, moment, lane);
        if (!moment.lanes().empty()) axis();
        top_ += 24;
    }

    /// One major frame, a lane for each VM.
    void frame(Core const& core) {
        end_ = core.frame->major;
        text(10, top_ + 22, fmt::format("Core {}: the major frame of {}", core.id, duration(end_)), "start", "bold");
        top_ += head;
        std::vector<std::string> done;
        for (auto const& t : core.tasks) {
            if (std::ranges::find(done, t.vm) != done.end()) continue;
            done.push_back(t.vm);
            auto const base = top_ + 22;
            text(left - 10, base - 4, t.vm, "end");
            line(left, base, left + width, base, "#ccc");
            for (auto const& s : core.frame->slots) {
                auto const title = fmt::format("{}: {} to {}", t.vm, duration(s.offset), duration(s.offset + s.length));
                if (s.vm == t.vm) box({s.offset, s.offset + s.length}, base, 16, "#4a7ebb", title);
            }
            top_ += row_height;
        }
        axis();
        top_ += 24;
    }

    void row(Core const& core, WorstMoment const& moment, Lane const& lane) {
        auto const& server = *core.tasks[lane.task].server;
        auto const base = top_ + 22;
        auto const name = core.tasks[lane.task].vm;
        text(left - 10, base - 4, name, "end");
        line(left, base, left + width, base, "#ccc");
        box({0, moment.begin()}, base, 6, "#999", "EL2: the path under way");
        for (auto const& p : lane.pieces)
            box(p, base, 16, "#4a7ebb", fmt::format("{}: {} to {}", name, duration(p.from), duration(p.to)));
        for (Ns release = 0, n = 0; release < end_ && n < 2000; release += server.period, ++n)
            line(x(release), base, x(release), base - 22, "#333");
        mark(server.deadline, base, "#c0392b", "deadline");
        mark(lane.response, base, lane.response > server.deadline ? "#c0392b" : "#27864a", "worst response");
        top_ += row_height;
    }

    /// A small triangle under the line.
    void mark(Ns at, unsigned base, char const* colour, char const* what) {
        if (at > end_) return;
        body_ += fmt::format("<path d=\"M{0:.1f} {1} l-4 8 h8 z\" fill=\"{2}\"><title>{3} {4}</title></path>\n", x(at), base + 1,
                             colour, what, duration(at));
    }

    void axis() {
        for (unsigned n = 0; n <= 8; ++n) {
            auto const at = end_ / 8 * n / 10 * 10;
            text(static_cast<unsigned>(x(at)), top_ + 8, duration(at), "middle");
        }
        top_ += 14;
    }

    [[nodiscard]] double x(Ns at) const {
        return left + static_cast<double>(width) * static_cast<double>(at) / static_cast<double>(end_);
    }

    void box(Piece p, unsigned base, unsigned height, char const* colour, std::string const& title) {
        body_ += fmt::format("<rect x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" fill=\"{}\"><title>{}</title></rect>\n",
                             x(p.from), base - height, std::max(0.3, x(p.to) - x(p.from)), height, colour, title);
    }
    void line(double x1, unsigned y1, double x2, unsigned y2, char const* colour) {
        body_ += fmt::format("<path d=\"M{:.1f} {} L{:.1f} {}\" stroke=\"{}\"/>\n", x1, y1, x2, y2, colour);
    }
    /// A VM's name has letters, digits and dashes only: nothing to escape.
    void text(unsigned at, unsigned y, std::string const& words, char const* anchor, char const* weight = "normal") {
        body_ += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"{}\" font-weight=\"{}\">{}</text>\n", at, y, anchor, weight,
                             words);
    }

    std::string body_;
    unsigned top_{0};
    Ns end_{0};
};

}  // namespace

std::string plot(std::span<Core const> cores) { return Picture{cores}.svg(); }

}  // namespace tiffin::contract
