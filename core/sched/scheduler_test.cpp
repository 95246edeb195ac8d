#include "core/sched/scheduler.hpp"

#include <algorithm>
#include <deque>
#include <gtest/gtest.h>
#include <random>
#include <vector>

#include "core/vm/vcpu.hpp"

namespace tiffin {
namespace {

using Place = Scheduler::Place;

struct Queue {
    std::deque<Vcpu> vcpus;
    Scheduler scheduler{4000, 4000};

    Vcpu& fixed(std::uint8_t priority) {
        Vcpu& v = vcpus.emplace_back();
        v.policy = abi::Policy::Fixed;
        v.priority = priority;
        return v;
    }
    Vcpu& share(std::uint16_t weight, std::uint64_t virtual_time = 0) {
        Vcpu& v = vcpus.emplace_back();
        v.weight = weight;
        v.weight_factor = Scheduler::factor_of(weight);
        v.pace = Scheduler::pace_of(weight);
        v.virtual_time = virtual_time;
        return v;
    }
    void add(Vcpu& v, Place place = Place::Back) { scheduler.add(v, place); }
};

TEST(Scheduler, NobodyReadyGivesNobody) {
    Queue q;
    EXPECT_EQ(q.scheduler.take(), nullptr);
}

TEST(Scheduler, AnyFixedComesBeforeAnyShare) {
    Queue q;
    Vcpu &share = q.share(10'000), &fixed = q.fixed(1);
    q.add(share), q.add(fixed);
    EXPECT_EQ(q.scheduler.take(), &fixed);
    EXPECT_EQ(q.scheduler.take(), &share);
}

TEST(Scheduler, TheHighestPriorityComesFirstFromOneToSixtyThree) {
    Queue q;
    Vcpu &low = q.fixed(1), &high = q.fixed(abi::max_priority), &middle = q.fixed(31);
    q.add(low), q.add(high), q.add(middle);
    EXPECT_EQ(q.scheduler.take(), &high);
    EXPECT_EQ(q.scheduler.take(), &middle);
    EXPECT_EQ(q.scheduler.take(), &low);
}

TEST(Scheduler, WithinAPriorityTheFirstToComeIsTheFirstServed) {
    Queue q;
    Vcpu &a = q.fixed(5), &b = q.fixed(5), &c = q.fixed(5);
    q.add(a), q.add(b);
    q.add(c, Place::Front);
    EXPECT_EQ(q.scheduler.take(), &c);
    EXPECT_EQ(q.scheduler.take(), &a);
    EXPECT_EQ(q.scheduler.take(), &b);
}

TEST(Scheduler, AFixedOneIsRemovedFromFrontMiddleAndBack) {
    for (std::size_t gone = 0; gone < 3; ++gone) {
        Queue q;
        for (int i = 0; i < 3; ++i) q.add(q.fixed(9));
        q.scheduler.remove(q.vcpus[gone]);
        q.add(q.fixed(9));
        for (std::size_t i = 0; i < 4; ++i) {
            if (i == gone) continue;
            EXPECT_EQ(q.scheduler.take(), &q.vcpus[i]) << "without " << gone;
        }
        EXPECT_EQ(q.scheduler.take(), nullptr);
    }
}

TEST(Scheduler, RemovingWhoIsNotQueuedDoesNothing) {
    Queue q;
    Vcpu &fixed = q.fixed(3), &other = q.fixed(3), &share = q.share(100);
    q.scheduler.remove(fixed);
    q.scheduler.remove(share);
    q.add(other);
    q.scheduler.remove(fixed);
    EXPECT_EQ(q.scheduler.take(), &other);
}

TEST(Scheduler, APartOfARoundShrinksWhenManyShareAndGrowsForALightOne) {
    constexpr std::uint64_t second = 1'000'000'000, us = 1000;
    EXPECT_EQ(Scheduler::part_for(0, 100, second), 4000 * us);
    EXPECT_EQ(Scheduler::part_for(8, 100, second), 4000 * us);
    EXPECT_EQ(Scheduler::part_for(16, 100, second), 2000 * us);
    EXPECT_EQ(Scheduler::part_for(160, 100, second), 200 * us);
    EXPECT_EQ(Scheduler::part_for(1024, 50, second), 125 * us);
    EXPECT_EQ(Scheduler::part_for(1024, 10, second), 500 * us) << "of which the lightest gets 50 us";
}

TEST(Scheduler, ASliceEndsWithThePartOfTheRoundAndNeverLastsLongerThanTheVcpuMayRun) {
    Queue q;
    Vcpu &one = q.share(100), &heavy = q.share(300), &light = q.share(10);
    for (Vcpu* v : {&one, &heavy, &light}) v->slice = 10'000;
    EXPECT_EQ(q.scheduler.slice(one), 4000u);
    EXPECT_EQ(q.scheduler.slice(heavy), 10'000u) << "in two turns of one round";
    EXPECT_NEAR(static_cast<double>(q.scheduler.slice(light)), 400, 1);
    q.scheduler.charge(one, 1500);
    EXPECT_EQ(q.scheduler.slice(one), 2500u) << "what an interrupted one has left";
    q.scheduler.charge(one, 2100);
    EXPECT_EQ(q.scheduler.slice(one), 10'000u) << "too little is left: it runs on because nobody else does";
}

TEST(Scheduler, SharesConvergeToWeightsWithinOnePercent) {
    Queue q;
    std::uint16_t const weights[] = {1, 50, 100, 300, 1000, 10'000};
    std::uint64_t total_weight = 0, total = 0;
    for (auto weight : weights) {
        q.add(q.share(weight));
        total_weight += weight;
    }
    std::mt19937 random{3};
    for (int slice = 0; slice < 400'000; ++slice) {
        Vcpu& v = *q.scheduler.take();
        std::uint64_t const ticks = 2000 + random() % 2000;
        q.scheduler.charge(v, ticks);
        total += ticks;
        q.add(v);
    }
    for (auto const& v : q.vcpus) {
        auto const fair = static_cast<double>(total) * v.weight / static_cast<double>(total_weight);
        EXPECT_NEAR(static_cast<double>(v.stats.run_ticks) / fair, 1.0, v.weight >= 50 ? 0.01 : 0.2) << "weight " << v.weight;
    }
}

TEST(Scheduler, ADayAloneIsChargedWhole) {
    Queue q;
    Vcpu &light = q.share(1), &heavy = q.share(10'000);
    constexpr std::uint64_t day = 86'400'000'000'000;  // ticks, at 1 GHz
    q.scheduler.charge(light, day);
    q.scheduler.charge(heavy, day);
    EXPECT_EQ(light.virtual_time, 100 * day);
    EXPECT_NEAR(static_cast<double>(heavy.virtual_time), day / 100.0, day / 1e5);
}

TEST(Scheduler, NobodyRunsForFreeInTinyPieces) {
    Queue q;
    Vcpu &whole = q.share(10'000), &pieces = q.share(10'000);
    q.scheduler.charge(whole, 100'000);
    for (int n = 0; n < 100'000; ++n) q.scheduler.charge(pieces, 1);
    EXPECT_EQ(pieces.virtual_time, whole.virtual_time);
}

TEST(Scheduler, AFixedOneIsNotChargedVirtualTime) {
    Queue q;
    Vcpu& v = q.fixed(5);
    q.scheduler.charge(v, 1000);
    EXPECT_EQ(v.virtual_time, 0u);
    EXPECT_EQ(v.stats.run_ticks, 1000u);
}

TEST(Scheduler, ASleeperComesBackWithABonusAndNoMore) {
    Queue q;
    Vcpu &worker = q.share(100), &sleeper = q.share(100);
    q.scheduler.charge(worker, 1'000'000);
    q.scheduler.catch_up(sleeper, 1000);
    EXPECT_EQ(sleeper.virtual_time, 1'000'000u - 4000u - 1000u) << "this round's part, and the bonus";
}

TEST(Scheduler, ComingBackNeverGivesTimeBackToWhoHadMore) {
    Queue q;
    Vcpu &worker = q.share(100), &greedy = q.share(100, 5'000'000);
    q.scheduler.charge(worker, 1000);
    q.scheduler.catch_up(greedy, 1000);
    EXPECT_EQ(greedy.virtual_time, 5'000'000u);
}

TEST(Scheduler, BeatsKnowsPolicyPriorityAndSlack) {
    Queue q;
    Vcpu &low = q.fixed(1), &high = q.fixed(2), &first = q.share(100, 100), &later = q.share(100, 200);
    EXPECT_TRUE(Scheduler::beats(high, low, 0));
    EXPECT_FALSE(Scheduler::beats(low, high, 0));
    EXPECT_FALSE(Scheduler::beats(low, low, 0)) << "an equal waits for its turn";
    EXPECT_TRUE(Scheduler::beats(low, first, 0));
    EXPECT_FALSE(Scheduler::beats(first, low, 0));
    EXPECT_TRUE(Scheduler::beats(first, later, 99));
    EXPECT_FALSE(Scheduler::beats(first, later, 100));
}

}  // namespace
}  // namespace tiffin
