// Budgets, time windows, slack: whether the core is taken away in time, and given back.
#include "core/sched/rights.hpp"

#include <gtest/gtest.h>

#include "armv8/timer.hpp"
#include "core/sched/testing.hpp"

namespace tiffin {
namespace {

using namespace testing;
constexpr auto fixed = abi::Policy::Fixed;
constexpr auto windows = abi::Policy::Window;

TEST(BudgetOfAVcpu, IsEnforcedByTheTimer) {
    Board board{{budgeted(9, 200 * us, ms), {}}};
    board.boot();
    EXPECT_EQ(&board.run(), &board.vcpu(0));
    EXPECT_EQ(board.hw().deadline, board.hw().counter + ticks(200 * us));
    board.fire_deadline();
    EXPECT_EQ(board.cpu().current, &board.vcpu(1));
    EXPECT_TRUE(board.vcpu(0).waiting);
    EXPECT_EQ(board.vcpu(0).stats.overruns, 1u);
}

TEST(BudgetOfAVcpu, ComesBackAfterItsPeriodAndTakesTheCoreAtOnce) {
    Board board{{budgeted(9, 200 * us, ms), {}}};
    board.boot();
    auto const start = board.hw().counter;
    board.run();
    board.fire_deadline();
    board.fire_deadline();
    EXPECT_EQ(board.hw().counter, start + ticks(ms));
    EXPECT_EQ(board.cpu().current, &board.vcpu(0));
}

TEST(BudgetOfAVcpu, HoldsForHoursBesideAShare) {
    Board board{{budgeted(9, 200 * us, ms), {}}};
    board.boot();
    board.run();
    pass(board, 1000 * ms);
    auto const ran = [&](std::size_t vm) { return static_cast<double>(board.vcpu(vm).stats.run_ticks); };
    EXPECT_NEAR(ran(0) / static_cast<double>(ticks(1000 * ms)), 0.2, 0.001);
    EXPECT_NEAR(ran(1) / static_cast<double>(ticks(1000 * ms)), 0.8, 0.001);
}

TEST(BudgetOfAVcpu, LeavesTheRestToALowerPriority) {
    Board board{{budgeted(9, 300 * us, ms), budgeted(5, 300 * us, ms), {}}};
    board.boot();
    board.run();
    pass(board, 100 * ms);
    for (std::size_t vm : {0, 1})
        EXPECT_NEAR(static_cast<double>(board.vcpu(vm).stats.run_ticks) / static_cast<double>(ticks(100 * ms)), 0.3, 0.005) << vm;
}

TEST(BudgetOfAVcpu, UsedUpItRunsInTheBackgroundIfItMay) {
    Board board{{budgeted(9, 200 * us, ms, true), {}}};
    board.boot();
    board.run();
    board.fire_deadline();
    EXPECT_EQ(board.cpu().current, &board.vcpu(1)) << "a share comes before the background";
    sched::block(board.vcpu(1));
    EXPECT_EQ(&board.run(), &board.vcpu(0));
    EXPECT_EQ(board.vcpu(0).priority, 0);
    sched::wake(board.vcpu(1));
    EXPECT_EQ(&board.run(), &board.vcpu(1)) << "and takes the core from it";
    board.fire_deadline();
    EXPECT_EQ(board.cpu().current, &board.vcpu(0)) << "until there is budget again";
    EXPECT_EQ(board.vcpu(0).priority, 9);
}

TEST(BudgetOfAVcpu, RunningInTheBackgroundCostsNone) {
    Board board{{budgeted(9, 200 * us, ms, true)}};
    board.boot();
    board.run();
    pass(board, 900 * us);
    EXPECT_EQ(board.vcpu(0).priority, 0);
    pass(board, 200 * us);
    EXPECT_EQ(board.vcpu(0).priority, 9) << "the refill found it running";
    pass(board, 50 * us);
    EXPECT_EQ(board.vcpu(0).priority, 9);
    pass(board, 100 * us);
    EXPECT_EQ(board.vcpu(0).priority, 0);
}

/// threats.md 44: sleeping just before the budget ends, and waking at once, must give nothing.
TEST(BudgetOfAVcpu, IsNotStolenBySleepingJustBeforeItsEnd) {
    Board board{{budgeted(9, 200 * us, ms), {}}};
    board.boot();
    Vcpu& thief = board.run();
    auto const end = board.hw().counter + ticks(1000 * ms);
    while (board.hw().counter < end) {
        if (board.cpu().current == &thief) {
            board.hw().counter += ticks(190 * us);
            sched::block(thief);
            board.run();
            sched::wake(thief);
            if (board.cpu().need_resched) board.run();
        } else {
            board.fire_deadline();
        }
    }
    EXPECT_LE(static_cast<double>(thief.stats.run_ticks) / static_cast<double>(ticks(1000 * ms)), 0.2005);
}

TEST(BudgetOfAVcpu, IsNotRenewedByStoppingAndStarting) {
    Board board{{budgeted(9, 200 * us, ms), {}}};
    board.boot();
    Vcpu& v = board.run();
    board.fire_deadline();
    lifecycle::reset(*v.vm, "test");
    EXPECT_TRUE(v.waiting) << "a reset gives no budget";
    EXPECT_EQ(board.cpu().current, &board.vcpu(1));
}

TEST(Response, TheWorstIsKeptAndLateOnesAreCounted) {
    Board board{{budgeted(9, 500 * us, ms), {}}};
    board.boot();
    Vcpu& v = board.run();
    board.hw().counter += ticks(300 * us);
    sched::block(v);
    EXPECT_EQ(v.stats.worst_response, ticks(300 * us));
    board.run();
    sched::wake(v);
    board.hw().counter += ticks(2 * ms);
    board.run();
    sched::block(v);
    EXPECT_EQ(v.stats.worst_response, ticks(2 * ms));
    EXPECT_EQ(v.stats.late, 1u);
}

TEST(Stolen, IsTheTimeThatAVcpuWaitedForTheCore) {
    Board board{{{.policy = fixed, .priority = 5}, {}}};
    lifecycle::boot(board.vm(1));
    Vcpu& victim = board.run();
    lifecycle::boot(board.vm(0));
    board.run();
    board.hw().counter += 700;
    sched::block(board.vcpu(0));
    EXPECT_EQ(&board.run(), &victim);
    EXPECT_EQ(victim.stats.ready_ticks, 700u);
}

TEST(Windows, EachRunsInItsOwnAndNobodyOutside) {
    Board board{{{.policy = windows, .window_from_ns = 0, .window_ns = 2 * ms},
                 {.policy = windows, .window_from_ns = 5 * ms, .window_ns = 1 * ms}}};
    board.boot();
    EXPECT_EQ(&board.run(), &board.vcpu(0));
    board.hw().on_sleep = [&] { board.hw().counter = board.hw().deadline, board.hw().irq_pending.insert(26); };
    auto const start = board.hw().counter;
    board.fire_deadline();  // the first window ends: nobody's time, which the core sleeps through
    EXPECT_EQ(board.hw().counter, start + ticks(5 * ms));
    EXPECT_EQ(board.cpu().current, &board.vcpu(1));
    board.fire_deadline();
    EXPECT_EQ(board.hw().counter, start + ticks(10 * ms));
    EXPECT_EQ(board.cpu().current, &board.vcpu(0));
    EXPECT_EQ(board.vcpu(0).stats.run_ticks, ticks(2 * ms));
    EXPECT_EQ(board.vcpu(1).stats.run_ticks, ticks(1 * ms));
}

TEST(Windows, AnInterruptForAnotherVmWaitsForItsWindow) {
    Board board{{{.policy = windows, .window_from_ns = 0, .window_ns = 2 * ms},
                 {.policy = windows, .spi = 41, .window_from_ns = 2 * ms, .window_ns = 2 * ms}}};
    board.boot();
    Vcpu& running = board.run();
    Vcpu& other = board.vcpu(1);
    other.vm->vgic.ctlr = 3;
    testing::enable(other, 41);
    board.fire_deadline();
    ASSERT_EQ(board.cpu().current, &other);
    sched::block(other);
    board.hw().on_sleep = [&] { board.hw().counter = board.hw().deadline, board.hw().irq_pending.insert(26); };
    EXPECT_EQ(&board.run(), &running);
    board.hw().irq_pending.insert(41);
    board.take_interrupts();
    EXPECT_EQ(board.cpu().current, &running);
    EXPECT_TRUE(other.waiting);
    board.fire_deadline();
    EXPECT_EQ(board.cpu().current, &other);
}

/// The core sleeps until its deadline, and is interrupted.
void sleep_to_deadline(Board& board) {
    board.hw().counter = board.hw().deadline;
    board.hw().irq_pending.insert(26);
}

/// Its virtual timer is set to `deadline`, and it sleeps.
void sleep_until(Vcpu& v, std::uint64_t deadline) {
    v.vm->vgic.ctlr = 3;
    testing::enable(v, abi::guest_map::virtual_timer_intid);
    v.el1.cntv_ctl = armv8::TimerCtl::enable;
    v.el1.cntv_cval = deadline - v.cntvoff;
    sched::block(v);
}

TEST(Slack, MovesASleepersTimerToWhereOthersWakeToo) {
    Board board{{{.slack_ns = 4 * ms}, {.policy = fixed, .priority = 9}}};
    lifecycle::boot(board.vm(0));
    auto const wanted = board.hw().counter + ticks(ms);
    sleep_until(board.run(), wanted);
    board.hw().on_sleep = [&] { sleep_to_deadline(board); };
    board.run();
    EXPECT_EQ(board.hw().counter, sched::merge_point(wanted, ticks(4 * ms)));
    EXPECT_GT(board.hw().counter, wanted);
}

TEST(Slack, WhoeverIsDueIsWokenBeforeTheCoreSleepsAgain) {
    Board board{{{.slack_ns = 8 * ms}, {.policy = fixed, .priority = 9}}};
    lifecycle::boot(board.vm(0));
    auto const wanted = board.hw().counter + ticks(ms);
    sleep_until(board.run(), wanted);
    lifecycle::boot(board.vm(1));
    Vcpu& other = board.run();
    ASSERT_EQ(&other, &board.vcpu(1));
    board.hw().on_sleep = [] { FAIL() << "the core is awake, and somebody is due"; };
    board.hw().counter = wanted;
    ASSERT_GT(board.hw().deadline, wanted) << "it would have waited for others";
    sched::block(other);
    EXPECT_EQ(&board.run(), &board.vcpu(0));
}

TEST(Slack, WhoeverIsNotDueSleepsOn) {
    Board board{{{.slack_ns = 8 * ms}, {.policy = fixed, .priority = 9}}};
    lifecycle::boot(board.vm(0));
    auto const wanted = board.hw().counter + ticks(ms);
    sleep_until(board.run(), wanted);
    lifecycle::boot(board.vm(1));
    board.run();
    board.hw().counter = wanted - 1;
    unsigned slept = 0;
    board.hw().on_sleep = [&] { ++slept, sleep_to_deadline(board); };
    sched::block(board.vcpu(1));
    EXPECT_EQ(&board.run(), &board.vcpu(0));
    EXPECT_EQ(slept, 1u);
}

TEST(Slack, NeverWakesEarlyAndNeverTooLate) {
    for (std::uint64_t deadline = 1; deadline < 5000; deadline += 7)
        for (std::uint64_t slack = 0; slack < 3000; slack += 111) {
            auto const at = sched::merge_point(deadline, slack);
            ASSERT_TRUE(at >= deadline && at <= deadline + slack) << deadline << " + " << slack;
        }
    EXPECT_EQ(sched::merge_point(~0ull - 5, 100), ~0ull - 5);
}

/// A budget that is asleep, and its interrupt; `charge`: what a wake-up costs it.
struct Sleeper {
    explicit Sleeper(std::uint64_t charge) {
        board.cpu().wake_charge = charge;
        board.hw().counter += ticks(10 * ms);
        board.boot();
        board.run();
        v.vm->vgic.ctlr = 3;
        testing::enable(v, abi::guest_map::physical_timer_intid);
        sleep();
    }
    void sleep() {
        sched::block(v);
        board.run();
    }
    /// Its timer's time comes at `deadline`, and EL2 comes at `late` ticks behind that.
    void wake(std::uint64_t deadline, std::uint64_t late = 0) {
        board.cpu().timers.arm(v.physical_timer, deadline);
        sched::program_timer(board.cpu());
        board.hw().counter = deadline + late;
        board.fire_deadline();
    }

    Board board{{budgeted(9, 200 * us, ms), {}}};
    Vcpu& v{board.vcpu(0)};
};

TEST(WakeCharge, IsPaidFromTheWakersBudget) {
    Sleeper s{ticks(3 * us)};
    auto const at = board_time(s.board) + ticks(5 * ms);
    s.wake(at);
    EXPECT_EQ(s.board.cpu().current, &s.v);
    EXPECT_EQ(s.v.budget.usable(at), ticks(197 * us));
}

TEST(WakeCharge, EndsAStormOfWakeUps) {
    Sleeper s{ticks(10 * us)};
    auto const start = board_time(s.board) + ticks(5 * ms);
    unsigned turns = 0;
    for (auto at = start; at < start + ticks(ms); at += ticks(5 * us)) {
        s.board.hw().counter = at;
        sched::wake(s.v);
        if (&s.board.run() != &s.v) continue;
        ++turns;
        s.sleep();
    }
    EXPECT_EQ(turns, 19u) << "the twentieth takes the last of the 200 us, though it never ran";
}

TEST(WakeCharge, PiecesThatAreSmallerThanItAreSavedUpAndNotPaidAway) {
    Sleeper s{ticks(150 * us)};
    auto const start = board_time(s.board) + ticks(5 * ms);
    s.board.hw().counter = start;
    sched::wake(s.v);
    ASSERT_EQ(&s.board.run(), &s.v);
    s.sleep();
    s.board.hw().counter = start + ticks(100 * us);
    sched::wake(s.v);
    ASSERT_NE(s.board.cpu().current, &s.v) << "50 us were left";
    while (s.board.cpu().current != &s.v && board_time(s.board) < start + ticks(20 * ms)) s.board.fire_deadline();
    EXPECT_EQ(s.board.cpu().current, &s.v);
    EXPECT_LE(board_time(s.board), start + ticks(3 * ms));
}

TEST(WakeCharge, IsPaidByBudgetThatComesBackAsWell) {
    Sleeper s{ticks(50 * us)};
    auto const at = board_time(s.board) + ticks(5 * ms);
    s.wake(at);
    EXPECT_EQ(s.board.hw().deadline, at + ticks(150 * us));
    s.board.fire_deadline();  // used up
    EXPECT_EQ(s.board.cpu().current, &s.board.vcpu(1));
    s.board.fire_deadline();  // and back
    EXPECT_EQ(s.board.hw().counter, at + ticks(ms));
    EXPECT_EQ(s.board.cpu().current, &s.v);
    EXPECT_EQ(s.v.budget.usable(at + ticks(ms)), ticks(150 * us));
}

TEST(BudgetOfAVcpu, IsWantedFromTheDeadlineOnHoweverLateEl2Comes) {
    Sleeper s{0};
    auto const at = board_time(s.board) + ticks(5 * ms);
    s.wake(at, ticks(40 * us));
    s.board.hw().counter += ticks(200 * us);
    s.board.fire_deadline();
    EXPECT_EQ(s.v.budget.next(), at + ticks(ms)) << "the next activation, a period later, finds all of it";
}

TEST(BudgetOfAVcpu, IsNeverWantedFromBeforeItSlept) {
    Sleeper s{0};
    auto const woke = board_time(s.board) + ticks(20 * ms);
    s.board.hw().counter = woke;
    sched::wake(s.v);
    s.board.run();
    s.board.hw().counter += ticks(100 * us);
    s.sleep();
    s.wake(woke + ticks(10 * us), ticks(100 * us));  // a deadline that was past when it slept
    ASSERT_EQ(s.board.cpu().current, &s.v);
    s.board.hw().counter += ticks(100 * us);
    s.board.fire_deadline();
    s.v.budget.want(woke + ticks(ms + 50 * us));
    EXPECT_EQ(s.v.budget.usable(woke + ticks(ms + 50 * us)), ticks(100 * us)) << "else the second half would be back too early";
}

TEST(RateLimit, HoldsBackWhatComesTooEarlyAndLosesNothing) {
    Board board{{{.spi = 41, .spi_per_second = 1000}}};
    Vcpu& v = board.run_first();
    testing::enable(v, 41, 0xa0, true);
    auto const start = board.hw().counter;
    auto const fires = [&] {
        board.hw().irq_pending.insert(41);
        board.take_interrupts();
    };
    fires();
    EXPECT_EQ(testing::acknowledge_one(), 41u);
    host::guest_end(41);
    fires();
    EXPECT_EQ(testing::acknowledge_one(), armv8::spurious_intid) << "the second within a millisecond";
    EXPECT_TRUE(board.hw().irq_active.contains(41)) << "its device can't raise it again";
    board.fire_deadline();
    EXPECT_EQ(board.hw().counter, start + ticks(ms));
    EXPECT_EQ(testing::acknowledge_one(), 41u);
}

TEST(RateLimit, AStoppedVmLeavesNothingHeldBack) {
    Board board{{{.spi = 41, .spi_per_second = 1000}, {}}};
    board.boot();
    for (int n = 0; n < 2; ++n) {
        board.hw().irq_pending.insert(41);
        board.take_interrupts();
        board.hw().irq_active.erase(41);
    }
    board.hw().irq_active.insert(41);
    lifecycle::stop(board.vm(0), VmState::Stopped, 0, "test");
    EXPECT_FALSE(board.hw().irq_active.contains(41));
    EXPECT_EQ(board.cpu().timers.earliest(), TimerQueue::never);
}

}  // namespace
}  // namespace tiffin
