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

struct Waiting {
    std::deque<Vcpu> vcpus;
    ShareQueue queue;

    Vcpu& add(std::uint64_t virtual_time) {
        Vcpu& v = vcpus.emplace_back();
        v.virtual_time = virtual_time;
        queue.add(v);
        return v;
    }
    std::vector<std::uint64_t> take_all() {
        std::vector<std::uint64_t> times;
        while (Vcpu const* v = queue.take()) times.push_back(v->virtual_time);
        return times;
    }
};

TEST(ShareQueue, InEveryOrderOfComingTheLeastServedIsFirst) {
    std::vector<std::uint64_t> times{10, 20, 30, 40, 50, 50};
    auto const sorted = times;
    do {
        Waiting w;
        for (auto const time : times) w.add(time);
        ASSERT_EQ(w.take_all(), sorted);
    } while (std::ranges::next_permutation(times).found);
}

TEST(ShareQueue, EqualsAreServedInTheOrderInWhichTheyCame) {
    Waiting w;
    Vcpu &a = w.add(7), &b = w.add(7), &c = w.add(7);
    for (Vcpu* each : {&a, &b, &c}) EXPECT_EQ(w.queue.take(), each);
}

TEST(ShareQueue, WhoeverIsRemovedTheRestStaysInOrder) {
    for (std::size_t gone = 0; gone < 5; ++gone) {
        Waiting w;
        for (std::uint64_t time = 0; time < 5; ++time) w.add(time);
        w.queue.remove(w.vcpus[gone]);
        w.queue.remove(w.vcpus[gone]);  // not there any more: nothing happens
        w.add(5);
        std::vector<std::uint64_t> expected{0, 1, 2, 3, 4, 5};
        std::erase(expected, gone);
        ASSERT_EQ(w.take_all(), expected);
        ASSERT_TRUE(w.queue.empty());
    }
}

TEST(ShareQueue, RemovingTheOnlyOneLeavesAnEmptyQueueThatWorks) {
    Waiting w;
    w.queue.remove(w.add(1));
    EXPECT_TRUE(w.queue.empty());
    Vcpu& next = w.add(2);
    EXPECT_EQ(w.queue.take(), &next);
    EXPECT_EQ(w.queue.take(), nullptr);
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
            v->virtual_time = random() % 100'000;
            w.queue.add(*v);
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

struct Crowd {
    std::deque<Vcpu> vcpus;
    Scheduler scheduler;

    explicit Crowd(std::vector<std::uint16_t> const& weights) : scheduler{static_cast<std::uint32_t>(weights.size())} {
        for (auto const weight : weights) {
            Vcpu& v = vcpus.emplace_back();
            v.weight = weight;
            v.weight_factor = Scheduler::factor_of(weight);
            v.slice = scheduler.slice_for(weight, second);
            scheduler.add(v, Scheduler::Place::Back);
        }
    }
    /// Everybody spins until `ticks` have passed; the largest error of a share, against its weight.
    double error_after(std::uint64_t ticks) {
        std::uint64_t passed = 0, weights = 0;
        for (; passed < ticks;) {
            Vcpu& v = *scheduler.take();
            scheduler.charge(v, v.slice);
            passed += v.slice;
            scheduler.add(v, Scheduler::Place::Front);
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

TEST(ShareQueue, TwoHundredAndFiftySpinnersGetTheirWeightsWithinOnePercentInTenSeconds) {
    std::vector<std::uint16_t> weights;
    for (std::uint16_t n = 0; n < 250; ++n) weights.push_back(static_cast<std::uint16_t>(50 + n % 4 * 50));
    EXPECT_LT(Crowd{weights}.error_after(10 * Crowd::second), 0.01);
}

/// Slices that are cut off at both ends make some come far more often than others, into the middle of the queue.
TEST(ShareQueue, TheLightestBesideTheHeaviestGetsItsDueInTheLongRun) {
    std::vector<std::uint16_t> weights(200, 100);
    weights.insert(weights.end(), {1, 1, 1, 10'000, 3000, 10'000});
    Crowd crowd{weights};
    EXPECT_LT(crowd.error_after(200 * Crowd::second), 0.05);
}

}  // namespace
}  // namespace tiffin
