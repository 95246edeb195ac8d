#include "tool/trace/audit.hpp"

#include <gtest/gtest.h>

#include "tool/trace/testing.hpp"

namespace tiffin {
namespace {

using abi::TraceKind;
using abi::TraceReason;
using testing::Ring;

constexpr std::uint16_t alpha = 0, beta = 1, nobody = abi::trace_nobody;
constexpr std::uint64_t us = 1000, ms = 1000 * us;

/// alpha may run 200 us of each 1 ms, sleeps 500 us after it woke, and EL2 takes 5 us at most. Nothing delays it.
contract::Bounds bounds() {
    contract::Bound alphas{.vm = "alpha"};
    alphas.budget = 200 * us, alphas.period = 1 * ms, alphas.deadline = 600 * us;
    alphas.response = 500 * us;
    alphas.overrun = 10 * us;
    alphas.delay = 0;
    return {.vcpus = {alphas}, .cores = {{.core = 0, .longest = 5 * us}}};
}

/// alpha wakes every millisecond and runs at once, for `run`, in pieces if `pauses`: beta runs 100 us in the middle.
struct Story {
    Ring ring{0, 1024};
    std::uint64_t now{10 * ms};

    Story() { ring.turn(now, nobody); }
    Story& activation(std::uint64_t run, bool pause = false) {
        ring.add(TraceKind::Wake, now, alpha).turn(now, alpha).path(TraceKind::Interrupt, now, nobody, 400);
        if (pause) ring.turn(now + run / 2, beta).turn(now + run / 2 + 350 * us, alpha);
        ring.turn(now + run + (pause ? 350 * us : 0), nobody, TraceReason::Blocked);
        now += 1 * ms;
        return *this;
    }
    [[nodiscard]] Audit audited() const {
        auto const file = testing::open_trace_bytes(testing::dump({testing::good_plan().bytes(), ring.bytes()}));
        return audit(file, tell(file), bounds());
    }
};

TEST(Audit, ARunWithinItsBoundsPasses) {
    auto const audit = Story{}.activation(200 * us).activation(150 * us).activation(150 * us, true).audited();
    EXPECT_EQ(audit.passed, std::vector<std::string>{});
    ASSERT_EQ(audit.seen.size(), 2u);
    EXPECT_EQ(audit.seen[0],
              "alpha: at most 200.000 us in 1000.000 us (210.000 us allowed); 3 of 3 activations have a bound, worst 500.000 us "
              "(500.000 us allowed)");
}

TEST(Audit, AWindowThatIsPassedByOneTickIsToldWithPlaceAndBound) {
    EXPECT_TRUE(Story{}.activation(210 * us).audited().passed.empty());
    auto const passed = Story{}.activation(100 * us).activation(210 * us + 1).audited().passed;
    ASSERT_EQ(passed.size(), 1u);
    EXPECT_EQ(passed[0], "alpha: from 1000.000 us on it ran 210.001 us in 1000.000 us, and 210.000 us is the most");
}

TEST(Audit, AWindowNeedNotBeginWhereTheVcpuDoes) {
    Story story;
    story.activation(120 * us);
    story.now -= 880 * us;  // twice 120 us, almost one after the other: no turn is too long, the window of both is
    story.activation(120 * us);
    auto const passed = story.audited().passed;
    ASSERT_FALSE(passed.empty());
    EXPECT_EQ(passed[0], "alpha: from 0.000 us on it ran 240.000 us in 1000.000 us, and 210.000 us is the most");
}

TEST(Audit, AResponseThatIsPassedByOneTickIsTold) {
    auto const passed = Story{}.activation(100 * us).activation(150 * us + 2, true).audited().passed;
    ASSERT_EQ(passed.size(), 1u);
    EXPECT_EQ(passed[0], "alpha: awake at 1000.000 us, it slept only 500.002 us later, and 500.000 us is the most");
}

TEST(Audit, WhatRunsInTheBackgroundIsNoUseOfBudget) {
    Story story;
    story.ring.add(TraceKind::Wake, story.now, alpha).turn(story.now, alpha);
    story.ring.add(TraceKind::Exhausted, story.now + 200 * us, alpha, 1)
        .add(TraceKind::Replenished, story.now + 1000 * us, alpha);
    story.ring.turn(story.now + 1100 * us, nobody, TraceReason::Blocked);
    EXPECT_TRUE(story.audited().passed.empty());
}

TEST(Audit, WithoutTheBackgroundItIs) {
    Story story;
    story.ring.turn(story.now, alpha).add(TraceKind::Exhausted, story.now + 200 * us, alpha, 0);
    story.ring.add(TraceKind::Replenished, story.now + 1000 * us, alpha)
        .turn(story.now + 1100 * us, nobody, TraceReason::Blocked);
    EXPECT_FALSE(story.audited().passed.empty());
}

TEST(Audit, APathThatIsTooLongIsNamed) {
    Story story;
    story.ring.path(TraceKind::Hypercall, story.now + 7 * us, beta, 5001, 0xc600'0002);
    auto const passed = story.audited().passed;
    ASSERT_EQ(passed.size(), 1u);
    EXPECT_EQ(passed[0], "EL2: until 7.000 us a path took 5.001 us, and 5.000 us is the most: hypercall Exit of beta");
}

TEST(Audit, EachCoreHasABoundOfItsOwnOnItsPaths) {
    Ring left{0}, right{1};
    left.turn(1 * ms, nobody).path(TraceKind::Interrupt, 2 * ms, alpha, 4000);
    right.turn(1 * ms, nobody).path(TraceKind::Interrupt, 3 * ms, beta, 6000);
    auto const file = testing::open_trace_bytes(testing::dump({testing::good_plan().bytes(), left.bytes(), right.bytes()}));
    auto const audited = [&](std::vector<contract::PathBound> cores) { return audit(file, tell(file), {{}, std::move(cores)}); };
    auto const kept = audited({{0, 5 * us}, {1, 7 * us}});
    EXPECT_EQ(kept.passed, std::vector<std::string>{});
    EXPECT_EQ(kept.seen.at(1), "EL2 on core 1: longest path 6.000 us (7.000 us allowed): interrupt 0 of beta");
    auto const passed = audited({{0, 3 * us}, {1, 7 * us}}).passed;
    ASSERT_EQ(passed.size(), 1u);
    EXPECT_EQ(passed[0], "EL2 on core 0: until 1000.000 us a path took 4.000 us, and 3.000 us is the most: interrupt 0 of alpha");
    EXPECT_EQ(audited({{2, 5 * us}}).passed.at(0), "EL2: the trace has nothing of core 2");
}

TEST(Audit, SaysFromWhenOnItAudits) {
    Story story;
    for (int n = 0; n < 300; ++n) story.activation(100 * us);
    auto const seen = story.audited().seen;
    EXPECT_NE(seen.at(0).find("is overwritten, and not audited"), std::string::npos) << seen.at(0);
}

TEST(Audit, ATraceOfAnotherDescriptionIsNoProof) {
    auto const file = testing::open_trace_bytes(Story{}.activation(1).ring.bytes());
    ASSERT_EQ(audit(file, tell(file), bounds()).passed.size(), 1u);
}

}  // namespace
}  // namespace tiffin
