#include "tool/contract/mend.hpp"

#include <gtest/gtest.h>
#include <random>

#include "tool/contract/analysis.hpp"
#include "tool/contract/paths.hpp"
#include "tool/contract/words.hpp"

namespace tiffin::contract {
namespace {

Task fixed(std::string vm, unsigned priority, Ns budget, Ns period, Ns deadline) {
    Server const server{.budget = budget, .period = period, .deadline = deadline};
    return {.vm = std::move(vm), .policy = Policy::Fixed, .priority = priority, .server = server};
}

Core too_tight() {
    Core c{.tasks = {fixed("metronome", 40, 200 * us, 500 * us, 500 * us), fixed("control", 30, 650 * us, 2 * ms, 1 * ms)}};
    c.overheads = overheads_of(1'000'000'000, 20);
    c.overheads.wake_charge = whole_wake_charge(c.overheads, c.tasks);
    return c;
}

TEST(Mends, EachAloneMakesTheDeadlineHold) {
    auto c = too_tight();
    ASSERT_FALSE(holds(c, 1));
    auto const found = mends(c, 1);
    ASSERT_EQ(found.size(), 3u) << "own budget, the other's budget, deadline; a higher priority would cost the metronome its own";
    for (auto const& mend : found) {
        auto const better = mended(c, mend);
        EXPECT_TRUE(holds(better, 1)) << refusal(better, 1).what;
        EXPECT_TRUE(holds(better, 0)) << "and nobody else loses by it";
    }
}

TEST(Mends, ABudgetIsTheLargestThatFits) {
    auto const c = too_tight();
    auto const mend = mends(c, 1)[0];
    ASSERT_EQ(mend.what, Mend::What::Budget);
    EXPECT_EQ(mend.value % us, 0u);
    EXPECT_FALSE(holds(mended(c, {mend.what, mend.task, mend.value + us}), 1));
}

TEST(Mends, NoneIsOfferedForSomebodyElsesDeadline) {
    Core c{.tasks = {fixed("high", 40, 900 * us, 1 * ms, 1 * ms), fixed("low", 30, 900 * us, 1 * ms, 1 * ms)}};
    for (auto const& mend : mends(c, 1)) EXPECT_NE(mend.what, Mend::What::Priority) << "that would only turn the two round";
}

TEST(Mends, HoldOnManyRandomCores) {
    std::mt19937 random{11};
    auto const between = [&](unsigned least, unsigned most) { return least + random() % (most - least + 1); };
    unsigned offered = 0;
    for (int n = 0; n < 400; ++n) {
        Core c{.overheads = overheads_of(1'000'000'000, 20)};
        c.overheads.wake_charge = 5 * us;
        for (auto count = between(2, 5); count != 0; --count) {
            Ns const period = between(1, 20) * 500 * us;
            Ns const budget = period * between(2, 40) / 100;
            c.tasks.push_back(fixed("vm", between(1, 63), budget, period, budget + (period - budget) * between(10, 100) / 100));
        }
        for (std::size_t i = 0; i < c.tasks.size(); ++i) {
            if (holds(c, i)) continue;
            for (auto const& mend : mends(c, i)) {
                ++offered;
                EXPECT_TRUE(holds(mended(c, mend), i));
            }
        }
    }
    EXPECT_GT(offered, 100u);
}

TEST(Duration, IsExactAndShort) {
    EXPECT_EQ(duration(0), "0 ns");
    EXPECT_EQ(duration(950), "950 ns");
    EXPECT_EQ(duration(12'500), "12.5 us");
    EXPECT_EQ(duration(1'340'070), "1.34007 ms");
    EXPECT_EQ(duration(2'000'000'000), "2 s");
}

}  // namespace
}  // namespace tiffin::contract
