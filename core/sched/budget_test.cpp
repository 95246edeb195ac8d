#include "core/sched/budget.hpp"

#include <deque>
#include <gtest/gtest.h>
#include <random>

#include "core/sched/testing.hpp"

namespace tiffin {
namespace {

TEST(Budget, IsFullFromTheStart) {
    Budget const b{200, 1000};
    EXPECT_EQ(b.usable(0), 200u);
    EXPECT_FALSE(Budget{}.limited());
}

TEST(Budget, ComesBackOnePeriodAfterItWasBothThereAndWanted) {
    Budget b{200, 1000};
    b.want(5000);  // it has been there since 0, but nobody wanted it
    b.use(200);
    EXPECT_EQ(b.usable(5999), 0u);
    EXPECT_EQ(b.next(), 6000u);
    EXPECT_EQ(b.usable(6000), 200u);
}

TEST(Budget, TimeSpentPreemptedDoesNotDelayTheNextPeriod) {
    Budget b{200, 1000};
    b.want(0);
    b.use(50);   // then it was preempted for long
    b.use(150);  // and ended at 900, say
    EXPECT_EQ(b.next(), 1000u);
    EXPECT_EQ(b.usable(1000), 200u);
}

TEST(Budget, PartsComeBackAtTheirOwnTimes) {
    Budget b{200, 1000};
    b.want(0), b.use(80);     // back at 1000
    b.want(300), b.use(120);  // back at 1300
    EXPECT_EQ(b.usable(999), 0u);
    EXPECT_EQ(b.usable(1000), 80u);
    b.want(1000), b.use(80);
    EXPECT_EQ(b.usable(1299), 0u);
    EXPECT_EQ(b.usable(1300), 120u);
}

TEST(Budget, WhatIsThereIsOnePieceWhenItIsWanted) {
    Budget b{200, 1000};
    b.want(0), b.use(80);
    b.want(300), b.use(120);
    b.want(2000);
    EXPECT_EQ(b.usable(2000), 200u);
    b.use(200);
    EXPECT_EQ(b.next(), 3000u);
}

TEST(Budget, PiecesThatAreTooSmallAreGatheredToTheLaterOne) {
    Budget b{200, 1000};
    b.want(0), b.use(80);     // back at 1000
    b.want(300), b.use(120);  // back at 1300
    b.gather(80);
    EXPECT_EQ(b.usable(1299), 0u);
    EXPECT_EQ(b.usable(1300), 200u);
    b.gather(500);
    EXPECT_EQ(b.usable(1300), 200u) << "there is no later one";
    Budget large{200, 1000};
    large.want(0), large.use(80);
    large.gather(119);
    EXPECT_EQ(large.usable(0), 120u) << "it is enough";
}

TEST(Budget, WhatWasRunTooMuchIsTakenFromWhatComesNext) {
    Budget b{200, 1000};
    b.want(0), b.use(207);  // EL2 was busy for 7
    EXPECT_EQ(b.usable(1000), 193u);
    EXPECT_EQ(b.next(), 1000u);
    b.want(1000), b.use(193);
    EXPECT_EQ(b.next(), 2000u) << "the 7 came back a period later than the piece they were taken from";
    EXPECT_EQ(b.usable(2000), 200u);
}

/// Whatever a guest does (short turns, sleeping in between, waking just before it has more), in no window of one period does it
/// run for more than its budget: what makes it a periodic task to all others.
TEST(Budget, NeverGivesMoreThanItsCapacityInAnyPeriod) {
    std::mt19937_64 random{7};
    for (int round = 0; round < 2000; ++round) {
        std::uint64_t const capacity = 1 + random() % 300, period = capacity + random() % 1000;
        Budget b{capacity, period};
        struct Run {
            std::uint64_t from, ticks;
        };
        std::deque<Run> recent;  // what it ran less than a period ago
        std::uint64_t now = random() % 5000;
        b.want(now);
        for (int step = 0; step < 300; ++step) {
            auto const usable = b.usable(now);
            if (usable == 0) {
                now = b.next();
                continue;
            }
            auto const ticks = random() % 2 == 0 ? usable : 1 + random() % usable;
            b.use(ticks);
            recent.push_back({now, ticks});
            now += ticks;
            while (recent.front().from + recent.front().ticks + period <= now) recent.pop_front();
            std::uint64_t run = 0;
            for (auto const& r : recent) run += r.from + period >= now ? r.ticks : r.from + r.ticks + period - now;
            ASSERT_LE(run, capacity) << "in the period that ends at " << now << ", round " << round;
            if (random() % 3 == 0) continue;  // goes on
            now += random() % 4 == 0 ? random() % period : 0;
            b.want(now);  // slept, and wants more
        }
    }
}

/// No budget is lost either: a vCPU that always wants to run gets capacity / period of the core.
TEST(Budget, AHungryVcpuGetsAllOfIt) {
    std::mt19937_64 random{11};
    Budget b{170, 1000};
    std::uint64_t now = 0, run = 0;
    b.want(now);
    while (now < 1'000'000) {
        auto const usable = b.usable(now);
        if (usable == 0) {
            now = b.next();
            continue;
        }
        auto const ticks = 1 + random() % usable;
        b.use(ticks);
        run += ticks, now += ticks;
    }
    EXPECT_NEAR(static_cast<double>(run), 170'000, 170);
}

TEST(Budget, ManyPiecesAreMergedTowardsTheLaterOne) {
    Budget b{100, 1000};
    for (std::uint64_t t = 0; t < 20; ++t) b.want(10 * t), b.use(5);  // 20 pieces, room for 8
    std::uint64_t given = 0;
    for (std::uint64_t now = 200; now < 1000; ++now) given += b.usable(now);
    EXPECT_EQ(given, 0u) << "nothing comes early";
    b.want(1190);
    EXPECT_EQ(b.usable(1190), 100u) << "and nothing is lost";
}

// ---- Beyond it: those who may run when nobody else wants to

using testing::Board, testing::budgeted, testing::pass, testing::ticks, testing::board_time, testing::us, testing::ms;

TEST(Background, IsSharedInTurns) {
    Board board{{budgeted(9, ms, 1000 * ms, true), budgeted(8, ms, 1000 * ms, true), budgeted(7, ms, 1000 * ms, true)}};
    board.boot();
    board.run();
    pass(board, 500 * ms);
    for (std::size_t vm : {0, 1, 2})
        EXPECT_NEAR(static_cast<double>(board.vcpu(vm).stats.run_ticks), static_cast<double>(ticks(500 * ms)) / 3, ticks(5 * ms))
            << vm;
}

TEST(Background, IsSharedAlikeThoughBudgetsComeBackWithinATurn) {
    Board board{{budgeted(9, 50 * us, ms, true), budgeted(8, 50 * us, ms, true), budgeted(7, 50 * us, ms, true)}};
    board.boot();
    board.run();
    pass(board, 500 * ms);
    for (std::size_t vm : {0, 1, 2})
        EXPECT_NEAR(static_cast<double>(board.vcpu(vm).stats.run_ticks), static_cast<double>(ticks(500 * ms)) / 3, ticks(5 * ms))
            << vm;
}

TEST(Background, WhoComesWaitsForOneTurn) {
    Board board{{budgeted(9, ms, 1000 * ms, true), budgeted(8, ms, 1000 * ms, true)}};
    board.boot();
    board.run();
    pass(board, 3 * ms);
    Vcpu& sleeper = *board.cpu().current;
    ASSERT_EQ(sleeper.priority, 0);
    sched::block(sleeper);
    board.run();
    pass(board, 50 * ms);
    EXPECT_GT(board.hw().deadline, board_time(board) + ticks(100 * ms)) << "who is alone there has no slices";
    auto const woke = board_time(board);
    sched::wake(sleeper);
    EXPECT_FALSE(board.cpu().need_resched);
    board.fire_deadline();
    EXPECT_EQ(board.cpu().current, &sleeper);
    EXPECT_LE(board_time(board), woke + ticks(4 * ms));
}

TEST(Background, BudgetComesBackToOneThatWokeThere) {
    Board board{{budgeted(9, 200 * us, ms, true), {.policy = abi::Policy::Fixed, .priority = 5}}};
    board.cpu().wake_charge = ticks(100 * us);
    board.boot();
    Vcpu& v = board.run();
    sched::block(v);
    board.run();
    board.hw().counter += ticks(2 * ms);
    for (int n = 0; n < 2; ++n) {
        sched::wake(v);
        if (v.priority != 0) board.run(), sched::block(v), board.run();
    }
    ASSERT_EQ(v.priority, 0) << "two wake-ups took all of it";
    ASSERT_LE(board.hw().deadline, board_time(board) + ticks(ms)) << "though the one that runs has no deadline of its own";
    board.fire_deadline();
    EXPECT_EQ(board.cpu().current, &v);
}

}  // namespace
}  // namespace tiffin
