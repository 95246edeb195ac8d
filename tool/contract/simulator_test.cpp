// The analysis against the simulator, on random small cores: what is seen must never pass the bound.
#include "tool/contract/simulator.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <iostream>
#include <random>

#include "tool/contract/analysis.hpp"
#include "tool/contract/bounds.hpp"

namespace tiffin::contract {
namespace {

using simulator::Guest;
using simulator::Habit;

/// What a random core is drawn from.
struct Kind {
    bool overheads, adversaries, in_phase;
};

class Draw {
public:
    explicit Draw(std::uint64_t seed) : random_{seed} {}
    Ns between(Ns least, Ns most) { return least + random_() % (most - least + 1); }
    bool one_in(unsigned n) { return random_() % n == 0; }

    Core core(Kind const& kind) {
        Core c;
        auto const count = between(1, 5);
        if (kind.overheads)
            c.overheads = {.switching = between(0, 3),
                           .interrupt = between(0, 3),
                           .masked = between(0, 9),
                           .lock = 0,
                           .wake_charge = between(0, 1) * between(1, 20)};
        c.overheads.masked = std::max(c.overheads.masked, c.overheads.interrupt + c.overheads.switching);  // such a path too
        auto const tight = between(30, 130);  // percent of the core that is asked for
        for (Ns n = 0; n < count; ++n) {
            auto const period = between(kind.overheads ? 60 : 8, kind.overheads ? 900 : 120);
            auto const budget = std::clamp<Ns>(period * tight * between(1, 200) / (count * 100 * 100), 1, period);
            Task t{.vm = std::string(1, static_cast<char>('a' + n)), .policy = Policy::Fixed};
            t.priority = static_cast<unsigned>(between(1, 6));
            t.server = Server{.budget = budget, .period = period, .deadline = period, .background = false};
            t.devices = static_cast<unsigned>(between(0, 1));
            c.tasks.push_back(std::move(t));
        }
        for (Ns n = between(0, 2); n != 0; --n) c.tasks.push_back({.vm = "share", .weight = 100, .devices = 1});
        return c;
    }

    std::vector<Guest> guests(Core const& core, Kind const& kind) {
        std::vector<Guest> all;
        for (auto const& t : core.tasks) {
            Guest g;
            auto const period = t.server ? t.server->period : 100;
            auto const budget = t.server ? t.server->budget : 20;
            if (!kind.in_phase) g.offset = between(0, period);
            g.habit = t.server && (!kind.adversaries || !one_in(3)) ? Habit::Deserving : static_cast<Habit>(between(1, 4));
            g.demand = kind.overheads ? between(1, budget) : one_in(3) ? between(1, budget) : budget;
            if (kind.in_phase && !kind.overheads) g.demand = budget;
            g.jitter = !kind.in_phase && one_in(3) ? between(0, period) : 0;
            g.calls = core.overheads.masked != 0 && one_in(2);
            all.push_back(g);
        }
        return all;
    }

private:
    std::mt19937_64 random_;
};

struct Tally {
    std::uint64_t cores{0}, judged{0}, activations{0};
    double looseness{0};  // sum of bound / seen

    void report(char const* what) const {
        std::cout << what << ": " << cores << " cores, " << judged << " vCPUs judged by " << activations
                  << " activations; bound / worst seen is " << looseness / static_cast<double>(std::max<std::uint64_t>(1, judged))
                  << " on average\n";
    }
};

std::string describe(Core const& c, std::vector<Guest> const& guests) {
    auto const& o = c.overheads;
    auto text = "switching " + std::to_string(o.switching) + " interrupt " + std::to_string(o.interrupt) + " masked " +
                std::to_string(o.masked) + " charge " + std::to_string(o.wake_charge) + "\n";
    for (std::size_t i = 0; i < c.tasks.size(); ++i) {
        auto const& t = c.tasks[i];
        text += t.vm + " priority " + std::to_string(t.priority);
        if (t.server) text += " budget " + std::to_string(t.server->budget) + " of " + std::to_string(t.server->period);
        auto const& g = guests[i];
        text += " habit " + std::to_string(static_cast<int>(g.habit)) + " demand " + std::to_string(g.demand) + " offset " +
                std::to_string(g.offset) + " jitter " + std::to_string(g.jitter) + "\n";
    }
    return text;
}

/// Most that the pieces hold of any window of that length: one that begins where a piece does, or ends where one ends.
Ns most_seen(std::vector<simulator::Piece> const& pieces, Ns window) {
    Ns most = 0;
    auto const held = [&](Ns from, Ns to) {
        Ns sum = 0;
        auto at = std::ranges::upper_bound(pieces, from, {}, &simulator::Piece::to);
        for (; at != pieces.end() && at->from < to; ++at) sum += std::min(at->to, to) - std::max(at->from, from);
        return sum;
    };
    for (auto const& p : pieces) {
        most = std::max(most, held(p.from, p.from + window));
        if (p.to >= window) most = std::max(most, held(p.to - window, p.to));
    }
    return most;
}

void check(Core const& c, std::vector<Guest> const& guests, std::uint64_t seed, bool windows, Tally& tally) {
    Ns longest = 0;
    for (auto const& t : c.tasks) longest = std::max(longest, t.server ? t.server->period : 0);
    auto const seen = simulator::Simulator{c, guests, seed}.run(8 * longest);
    auto const all = bounds(std::vector{c});
    ++tally.cores;
    for (std::size_t i = 0; i < all.vcpus.size(); ++i) {
        auto const& b = all.vcpus[i];
        if (b.response && seen[i].judged != 0) {
            ASSERT_LE(seen[i].worst, *b.response) << c.tasks[i].vm << ", seed " << seed << "\n" << describe(c, guests);
            ++tally.judged;
            tally.activations += seen[i].judged;
            tally.looseness += static_cast<double>(*b.response) / static_cast<double>(seen[i].worst);
        }
        if (!windows) continue;
        for (auto const window : {b.period, b.period / 2 + 1, 3 * b.period - 1})
            ASSERT_LE(most_seen(seen[i].pieces, window), most_run(b, window))
                << c.tasks[i].vm << ", window " << window << ", seed " << seed << "\n"
                << describe(c, guests);
    }
}

void sweep(char const* what, Kind const& kind, unsigned count, std::uint64_t first_seed) {
    Tally tally;
    for (std::uint64_t seed = first_seed; seed < first_seed + count && !::testing::Test::HasFatalFailure(); ++seed) {
        Draw draw{seed};
        auto const c = draw.core(kind);
        auto const guests = draw.guests(c, kind);
        check(c, guests, seed, seed % 4 == 0, tally);
    }
    tally.report(what);
}

TEST(Simulator, NeverSeesAWorseResponseThanTheBoundWhenAllWakeAtOnce) {
    sweep("in phase, EL2 free", {.overheads = false, .adversaries = false, .in_phase = true}, 40'000, 1);
}

TEST(Simulator, NeverSeesAWorseResponseThanTheBoundAtAnyOffsets) {
    sweep("any offsets, EL2 free", {.overheads = false, .adversaries = false, .in_phase = false}, 40'000, 1'000'000);
}

TEST(Simulator, NeverSeesAWorseResponseThanTheBoundBesideGuestsThatPlayWithTheirBudgets) {
    sweep("adversaries, EL2 free", {.overheads = false, .adversaries = true, .in_phase = false}, 40'000, 2'000'000);
}

TEST(Simulator, NeverSeesAWorseResponseThanTheBoundWithWhatEl2Costs) {
    sweep("in phase, EL2's costs", {.overheads = true, .adversaries = false, .in_phase = true}, 20'000, 3'000'000);
}

TEST(Simulator, NeverSeesAWorseResponseThanTheBoundWithAllOfIt) {
    sweep("adversaries, EL2's costs", {.overheads = true, .adversaries = true, .in_phase = false}, 20'000, 4'000'000);
}

/// Worst response seen of the second of two: the first has that habit and is above it.
Ns worst_below(Core const& c, Habit habit) {
    Ns worst = 0;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        std::vector<Guest> const guests{{.habit = habit, .offset = seed % 7, .calls = true},
                                        {.offset = 7, .demand = 60},
                                        {.habit = Habit::Greedy, .calls = true}};
        worst = std::max(worst, simulator::Simulator{c, guests, seed}.run(8'000)[1].worst);
    }
    return worst;
}

Core two_and_a_share(Overheads const& o) {
    Core c{.overheads = o};
    for (unsigned n = 0; n < 2; ++n) {
        Server const server{.budget = n == 0 ? 100u : 400u, .period = 1000, .deadline = 1000};
        c.tasks.push_back({.vm = n == 0 ? "above" : "below", .policy = Policy::Fixed, .priority = 2 - n, .server = server});
    }
    c.tasks.push_back({.vm = "share", .weight = 100});
    return c;
}

TEST(Simulator, SeesAStormOfWakeUpsStealUnlessItsBudgetPaysForThem) {
    auto c = two_and_a_share({.switching = 4, .interrupt = 1, .masked = 5});
    auto const stolen = worst_below(c, Habit::Storm);
    EXPECT_GT(stolen, 220u);
    EXPECT_LE(stolen, worst_response(c, 1).response->worst - 400 + 60) << "it asked for 60 of 400";
    c.overheads.wake_charge = 8;
    auto const paid = worst_below(c, Habit::Storm);
    EXPECT_LT(paid, 190u);
    EXPECT_LE(paid, worst_response(c, 1).response->worst - 400 + 60) << "it asked for 60 of 400";
    EXPECT_LT(worst_response(c, 1).response->worst, 100u + 400u + 40u);
}

TEST(Simulator, SeesABudgetOverrunByAPathThatNothingInterrupts) {
    auto const c = two_and_a_share({.masked = 50});
    auto const seen = worst_below(c, Habit::Greedy);
    EXPECT_GT(seen, 100u + 50u + 60u);
    EXPECT_LE(seen, worst_response(c, 1).response->worst - 400 + 60) << "it asked for 60 of 400";
}

}  // namespace
}  // namespace tiffin::contract
