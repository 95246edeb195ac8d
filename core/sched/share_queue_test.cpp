// Least virtual time first, in a few steps, whoever comes and goes.
#include "core/sched/share_queue.hpp"

#include <algorithm>
#include <deque>
#include <gtest/gtest.h>
#include <random>
#include <vector>

#include "core/sched/scheduler.hpp"
#include "core/vm/vcpu.hpp"

namespace tiffin {
namespace {

constexpr std::uint64_t part = 100;

struct Waiting {
    std::deque<Vcpu> vcpus;
    ShareQueue queue{part};

    Vcpu& add(std::uint64_t virtual_time) {
        Vcpu& v = vcpus.emplace_back();
        v.virtual_time = virtual_time;
        queue.add(v, false);
        return v;
    }
    std::vector<std::uint64_t> take_all() {
        std::vector<std::uint64_t> times;
        while (Vcpu const* v = queue.take()) times.push_back(v->virtual_time);
        return times;
    }
};

TEST(ShareQueue, EqualsAreServedInTheOrderInWhichTheyCame) {
    Waiting w;
    Vcpu &a = w.add(7), &b = w.add(7), &c = w.add(7);
    for (Vcpu* each : {&a, &b, &c}) EXPECT_EQ(w.queue.take(), each);
}

TEST(ShareQueue, WhoHadLessThanTheFirstGoesBeforeHim) {
    Waiting w;
    w.add(20), w.add(30), w.add(10);
    EXPECT_EQ(w.take_all(), (std::vector<std::uint64_t>{10, 20, 30}));
}

TEST(ShareQueue, WhoHadHisPartWaitsForTheNextRound) {
    Waiting w;
    Vcpu &done = w.add(part), &nearly = w.add(part - part / 8 + 1), &some = w.add(part / 2);
    EXPECT_EQ(w.queue.take(), &some);
    EXPECT_EQ(w.queue.begin(), 0u);
    EXPECT_EQ(w.queue.take(), &done);
    EXPECT_EQ(w.queue.begin(), part) << "the next round has begun";
    EXPECT_EQ(w.queue.take(), &nearly) << "in the order in which they had had it";
    EXPECT_EQ(w.queue.left(nearly), part + part / 8 - 1) << "and what was too little is not lost";
}

TEST(ShareQueue, WhoGivesWayWithTimeLeftComesAgainInTheSameRound) {
    Waiting w;
    Vcpu& other = w.add(0);
    Vcpu yielding;
    yielding.virtual_time = 10;
    EXPECT_EQ(w.queue.exchange(yielding), &other);
    other.virtual_time = part;
    EXPECT_EQ(w.queue.exchange(other), &yielding);
    EXPECT_EQ(w.queue.begin(), 0u);
}

TEST(ShareQueue, WhoHasHadLeastGoesOn) {
    Waiting w;
    w.add(20);
    Vcpu running;
    running.virtual_time = 19;
    EXPECT_EQ(w.queue.exchange(running), &running);
}

TEST(ShareQueue, WhoRunsAloneTakesTheRoundAlong) {
    Waiting w;
    w.queue.reached(5000);
    EXPECT_EQ(w.queue.begin(), 5000 - part);
    Vcpu& v = w.add(5000);
    EXPECT_EQ(w.queue.left(v), 0u);
    EXPECT_EQ(w.queue.take(), &v);
    EXPECT_EQ(w.queue.left(v), part);
}

TEST(ShareQueue, WhoeverIsRemovedTheRestStaysInOrder) {
    for (std::size_t gone = 0; gone < 6; ++gone) {
        Waiting w;
        std::vector<std::uint64_t> expected{0, 1, 2, part, part + 1, part + 2};  // two lists
        w.queue.reached(part + 4);
        for (auto const time : expected) w.add(time + 2);
        w.queue.remove(w.vcpus[gone]);
        w.queue.remove(w.vcpus[gone]);  // not there any more: nothing happens
        for (auto& time : expected) time += 2;
        expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(gone));
        ASSERT_EQ(w.take_all(), expected) << gone;
        ASSERT_TRUE(w.queue.empty());
    }
}

TEST(ShareQueue, RemovingTheOnlyOneLeavesAnEmptyQueueThatWorks) {
    for (std::uint64_t const time : {std::uint64_t{1}, part}) {
        Waiting w;
        w.queue.remove(w.add(time));
        EXPECT_TRUE(w.queue.empty());
        Vcpu& next = w.add(2);
        EXPECT_EQ(w.queue.take(), &next);
        EXPECT_EQ(w.queue.take(), nullptr);
    }
}

/// Random coming and going among a thousand: nobody is lost, nobody is there twice, and both ends are linked alike.
TEST(ShareQueue, AThousandComeAndGoAndNobodyIsLost) {
    std::mt19937 random{5};
    Waiting w;
    std::vector<Vcpu*> inside, outside;
    for (int n = 0; n < 1000; ++n) outside.push_back(&w.vcpus.emplace_back());
    auto const pick = [&](std::vector<Vcpu*>& from) {
        std::swap(from[random() % from.size()], from.back());
        Vcpu* const v = from.back();
        from.pop_back();
        return v;
    };
    for (int step = 0; step < 200'000; ++step) {
        if (!outside.empty() && random() % 2 != 0) {
            Vcpu* const v = pick(outside);
            v->virtual_time = w.queue.begin() + random() % part;
            w.queue.add(*v, random() % 3 == 0);
            inside.push_back(v);
        } else if (!inside.empty() && random() % 4 == 0) {
            outside.push_back(pick(inside));
            w.queue.remove(*outside.back());
        } else if (Vcpu* const v = w.queue.take()) {
            ASSERT_EQ(std::erase(inside, v), 1u);
            outside.push_back(v);
        }
        ASSERT_EQ(w.queue.empty(), inside.empty());
    }
    EXPECT_EQ(w.take_all().size(), inside.size());
}

/// Spinners, and somebody more urgent who interrupts them.
struct Crowd {
    std::deque<Vcpu> vcpus;
    Scheduler scheduler;
    std::mt19937 random{9};

    explicit Crowd(std::vector<std::uint16_t> const& weights)
        : scheduler{Scheduler::part_for(static_cast<std::uint32_t>(weights.size()), std::ranges::min(weights), second), 0} {
        for (auto const weight : weights) {
            Vcpu& v = vcpus.emplace_back();
            v.weight = weight;
            v.weight_factor = Scheduler::factor_of(weight);
            v.pace = Scheduler::pace_of(weight);
            v.slice = second / 250;
            scheduler.add(v, Scheduler::Place::Back);
        }
    }
    /// Everybody spins until `ticks` have passed, interrupted each `interrupt` ticks or so; the largest error of a share against its weight.
    double error_after(std::uint64_t ticks, std::uint64_t interrupt) {
        std::uint64_t passed = 0, weights = 0, until = interrupt;
        for (Vcpu* v = scheduler.take(); passed < ticks; v = scheduler.exchange(*v)) {
            auto const slice = scheduler.slice(*v);
            auto const runs = std::min(slice + 100, until);  // the timer is late, or somebody comes first
            scheduler.charge(*v, runs);
            passed += runs;
            until = until == runs ? interrupt / 2 + random() % interrupt : until - runs;
        }
        for (auto const& v : vcpus) weights += v.weight;
        double worst = 0;
        for (auto const& v : vcpus) {
            auto const fair = static_cast<double>(passed) * v.weight / static_cast<double>(weights);
            worst = std::max(worst, std::abs(static_cast<double>(v.stats.run_ticks) / fair - 1));
        }
        return worst;
    }
    static constexpr std::uint64_t second = 1'000'000'000;
};

TEST(ShareQueue, TwoHundredAndFiftySpinnersGetTheirWeightsWithinOnePercentInTenSecondsWhoeverInterruptsThem) {
    std::vector<std::uint16_t> weights;
    for (std::uint16_t n = 0; n < 250; ++n) weights.push_back(static_cast<std::uint16_t>(50 + n % 4 * 50));
    for (std::uint64_t const interrupt : {30'000, 150'000, 1'000'000, 100'000'000})
        EXPECT_LT(Crowd{weights}.error_after(10 * Crowd::second, interrupt), 0.01) << "each " << interrupt << " ns";
}

TEST(ShareQueue, TheLightestBesideTheHeaviestGetsItsDue) {
    std::vector<std::uint16_t> weights(200, 100);
    weights.insert(weights.end(), {1, 1, 1, 10'000, 3000, 10'000});
    EXPECT_LT(Crowd{weights}.error_after(200 * Crowd::second, 700'000), 0.01);
}

}  // namespace
}  // namespace tiffin
