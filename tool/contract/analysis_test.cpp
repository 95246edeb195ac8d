#include "tool/contract/analysis.hpp"

#include <gtest/gtest.h>

#include "tool/contract/bounds.hpp"
#include "tool/contract/paths.hpp"

namespace tiffin::contract {
namespace {

Task fixed(std::string vm, unsigned priority, Ns budget, Ns period, Ns deadline = 0) {
    Server const server{.budget = budget, .period = period, .deadline = deadline == 0 ? period : deadline};
    return {.vm = std::move(vm), .policy = Policy::Fixed, .priority = priority, .server = server};
}

Task without_budget(std::string vm, unsigned priority) {
    return {.vm = std::move(vm), .policy = Policy::Fixed, .priority = priority};
}

Core core(std::vector<Task> tasks, Overheads overheads = {}) { return {.tasks = std::move(tasks), .overheads = overheads}; }

Ns worst(Core const& c, std::size_t task) {
    auto const verdict = worst_response(c, task);
    return verdict.response ? verdict.response->worst : 0;
}

// Burns and Wellings, Real-Time Systems and Programming Languages, response-time analysis: C = 3, 3, 5, T = 7, 12, 20.
TEST(WorstResponse, IsThatOfTheTextbook) {
    auto const c = core({fixed("a", 3, 3, 7), fixed("b", 2, 3, 12), fixed("c", 1, 5, 20)});
    EXPECT_EQ(worst(c, 0), 3u);
    EXPECT_EQ(worst(c, 1), 6u);
    EXPECT_EQ(worst(c, 2), 20u);
}

// Lehoczky 1990, the example with deadlines beyond periods: C = 26, 62, T = 70, 100; the worst is the fifth of seven activations.
TEST(WorstResponse, OfADeadlineBeyondThePeriodIsNotThatOfTheFirstActivation) {
    auto const c = core({fixed("a", 2, 26, 70), fixed("b", 1, 62, 100, 200)});
    auto const verdict = worst_response(c, 1);
    ASSERT_TRUE(verdict.response);
    EXPECT_EQ(verdict.response->worst, 118u);
    EXPECT_EQ(verdict.response->activations, 5u);
}

TEST(WorstResponse, CountsEqualsWhoeverComesFirst) {
    auto const c = core({fixed("a", 5, 2, 10), fixed("b", 5, 3, 10)});
    EXPECT_EQ(worst(c, 0), 5u);
    EXPECT_EQ(worst(c, 1), 5u);
}

TEST(WorstResponse, IsTheSumOfItsParts) {
    Overheads const o{.switching = 450, .interrupt = 250, .masked = 3000, .lock = 700, .wake_charge = 2000};
    auto c = core({fixed("a", 9, 200 * us, 1 * ms), fixed("b", 5, 300 * us, 2 * ms), fixed("c", 4, 9 * us, 1 * ms)}, o);
    c.tasks.push_back({.vm = "linux", .weight = 100, .devices = 3});
    auto const r = *worst_response(c, 1).response;
    auto sum = r.activations * r.own + r.blocking + r.interrupts;
    for (auto const& i : r.interference) sum += i.activations * i.each + i.overrun;
    EXPECT_EQ(r.worst, sum + r.late - (r.activations - 1) * 2 * ms);
    EXPECT_EQ(r.blocking, 3700u);
    EXPECT_EQ(r.interrupts, (3 + 5) * 250u) << "c: two timers and its budget; linux: two timers and three devices";
    ASSERT_EQ(r.interference.size(), 1u);
    EXPECT_EQ(r.interference[0].task, 0u);
    EXPECT_LT(r.usable, 300 * us);
    EXPECT_GT(r.usable, 0u);
}

TEST(WorstResponse, EveryTermOfTheOverheadCounts) {
    auto const tasks =
        std::vector{fixed("a", 9, 10 * us, 1 * ms), fixed("b", 5, 300 * us, 2 * ms), fixed("c", 1, 50 * us, 9 * ms)};
    auto const least = worst(core(tasks), 1);
    for (auto term : {&Overheads::switching, &Overheads::interrupt, &Overheads::masked, &Overheads::lock}) {
        Overheads o{.wake_charge = 100};
        o.*term = 1000;
        EXPECT_GT(worst(core(tasks, o), 1), least);
    }
}

TEST(WorstResponse, AWakeUpThatTheBudgetPaysIsNotPaidTwice) {
    Overheads o{.switching = 450, .interrupt = 250};
    auto const tasks = std::vector{fixed("storm", 9, 100 * us, 1 * ms), fixed("b", 5, 300 * us, 2 * ms)};
    auto const stolen = worst(core(tasks, o), 1);
    o.wake_charge = 450 + 4 * 250;
    auto const paid = worst(core(tasks, o), 1);
    EXPECT_GT(stolen, 600 * us) << "each wake-up costs others more than the one who wakes";
    EXPECT_LT(paid, 405 * us);
}

TEST(WorstResponse, NobodyBelowAFixedOneWithoutBudgetHasOne) {
    auto const c = core({fixed("above", 9, 1 * ms, 10 * ms), without_budget("greedy", 5), fixed("equal", 5, 1 * ms, 10 * ms),
                         fixed("below", 1, 1 * ms, 10 * ms)});
    EXPECT_EQ(worst(c, 0), 1 * ms);
    EXPECT_EQ(worst_response(c, 1).why, Unbounded::NoBudget);
    for (std::size_t starved : {2u, 3u}) {
        auto const verdict = worst_response(c, starved);
        EXPECT_FALSE(verdict.response);
        EXPECT_EQ(verdict.why, Unbounded::Starved);
        EXPECT_EQ(verdict.culprit, 1u);
    }
}

TEST(WorstResponse, BudgetsThatTakeAllOfTheCoreLeaveNone) {
    auto const c = core({fixed("a", 9, 6 * ms, 10 * ms), fixed("b", 5, 5 * ms, 10 * ms)});
    EXPECT_EQ(worst(c, 0), 6 * ms);
    EXPECT_EQ(worst_response(c, 1).why, Unbounded::Overloaded);
    EXPECT_EQ(utilisation(c, 0), 1'100'000u);
}

TEST(WorstResponse, ACoreThatIsExactlyFullIsFollowedToItsEnd) {
    auto const c = core({fixed("a", 9, 5 * ms, 10 * ms), fixed("b", 5, 5 * ms, 10 * ms)});
    EXPECT_EQ(worst(c, 1), 10 * ms);
}

TEST(MostRun, IsTwoChunksInARowIfTheFirstIsDelayed) {
    auto const c = core({fixed("a", 9, 3 * ms, 10 * ms), fixed("b", 5, 2 * ms, 10 * ms)});
    auto const all = bounds(std::vector{c});
    ASSERT_EQ(all.vcpus.size(), 2u);
    EXPECT_EQ(most_run(all.vcpus[0], 10 * ms), 3 * ms) << "nobody delays the highest";
    EXPECT_EQ(most_run(all.vcpus[1], 10 * ms), 4 * ms);
    EXPECT_EQ(most_run(all.vcpus[1], 1 * ms), 1 * ms) << "no window holds more than itself";
    EXPECT_EQ(most_run(all.vcpus[1], 30 * ms), 8 * ms);
}

TEST(Activations, AGuestThatKeepsItsWordDeservesItsResponse) {
    Bound const b{.budget = 10, .period = 100};
    Activations judge{b};
    EXPECT_TRUE(judge.deserves(0, 40, 10));
    EXPECT_TRUE(judge.deserves(100, 130, 3));
    EXPECT_TRUE(judge.deserves(200, 290, 10));
}

TEST(Activations, WhoWakesTooEarlyOrUsesTooMuchDeservesNoneUntilItsBudgetIsBack) {
    Bound const b{.budget = 10, .period = 100};
    Activations judge{b};
    EXPECT_TRUE(judge.deserves(0, 40, 4));
    EXPECT_FALSE(judge.deserves(99, 105, 4));
    EXPECT_FALSE(judge.deserves(304, 306, 0)) << "what it used at 105 may not be back";
    EXPECT_TRUE(judge.deserves(506, 520, 10));
    EXPECT_FALSE(judge.deserves(620, 720, 11));
    EXPECT_FALSE(judge.deserves(919, 930, 1)) << "what it used too much was taken from what comes next";
    EXPECT_TRUE(judge.deserves(1130, 1140, 1));
}

TEST(Locks, OneCoreWaitsForNobody) {
    auto const o = overheads_of(second, 0);
    EXPECT_TRUE(o.locks.empty());
    EXPECT_EQ(o.lock + o.lock_late, 0u);
}

TEST(Locks, EachTimeEachOtherCoreIsWaitedForOnce) {
    auto const two = overheads_of(second, 0, {.cores = 2}), four = overheads_of(second, 0, {.cores = 4});
    EXPECT_GT(two.lock, 0u);
    EXPECT_EQ(four.lock, 3 * two.lock);
    EXPECT_EQ(four.interrupt, overheads_of(second, 0).interrupt) << "who shares no VM waits for no VM's lock";
}

TEST(Locks, ThatOfVirtioDevicesIsWaitedForWhereThereAreSome) {
    auto const without = overheads_of(second, 0, {.cores = 3}), with = overheads_of(second, 0, {.cores = 3, .virtio = true}),
               shared = overheads_of(second, 0, {.cores = 3, .partners = 1, .virtio = true});
    auto const& wait = with.locks.back();
    EXPECT_EQ(with.lock, without.lock + 2 * wait.hold);
    EXPECT_GT(wait.hold, 0u);
    EXPECT_GT(shared.locks.back().hold, wait.hold) << "its holder may wait for a VM that spans cores";
    EXPECT_EQ(overheads_of(second, 0, {.cores = 1, .virtio = true}).lock, 0u);
}

TEST(Locks, WhoHoldsAVmsLockMayItselfWaitForTheConsole) {
    auto const two = overheads_of(second, 0, {.cores = 2, .partners = 1}),
               four = overheads_of(second, 0, {.cores = 4, .partners = 3});
    auto const &vm = two.locks.back(), &console = two.locks.front();
    EXPECT_EQ(four.locks.back().hold, vm.hold + 2 * console.hold) << "not for the core that waits for the VM";
    EXPECT_EQ(four.locks.back().cores, 3u);
    EXPECT_EQ(two.lock_late % vm.hold, 0u);
    EXPECT_EQ(two.interrupt, overheads_of(second, 0).interrupt + two.lock_late);
    EXPECT_EQ(two.overrun(), 2 * two.masked + two.lock + two.lock_late);
}

}  // namespace
}  // namespace tiffin::contract
