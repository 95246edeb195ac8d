// Who gets the core, and when: the whole way out of EL2, on the recording fake.
#include <gtest/gtest.h>

#include "armv8/timer.hpp"
#include "core/sched/turn.hpp"
#include "core/testing.hpp"

namespace tiffin {
namespace {

using host::Event;
using testing::Board;
using testing::VmSpec;
using Kind = Event::Kind;
constexpr auto fixed = abi::Policy::Fixed;
constexpr auto share = abi::Policy::Share;
constexpr std::uint32_t virtual_timer = abi::guest_map::virtual_timer_intid;

TEST(Switch, TheMoreUrgentVmRunsFirst) {
    Board board{{{.policy = share}, {.policy = fixed, .priority = 10}, {.policy = fixed, .priority = 20}}};
    board.boot();
    EXPECT_EQ(&board.run(), &board.vcpu(2));
    EXPECT_EQ(board.vcpu(2).state, VcpuState::Running);
    EXPECT_EQ(board.vcpu(1).state, VcpuState::Ready);
}

TEST(Switch, WhoStaysDoesNotMoveItsRegisters) {
    Board board;
    board.boot();
    board.run();
    auto const loads = board.hw().count(Kind::Load);
    board.run();
    board.run();
    EXPECT_EQ(board.hw().count(Kind::Load), loads);
    EXPECT_EQ(board.hw().count(Kind::Save), 0u);
}

TEST(Switch, RegistersMoveOutBeforeOthersMoveIn) {
    Board board{{{.policy = fixed, .priority = 1}, {.policy = fixed, .priority = 2}}};
    lifecycle::boot(board.vm(0));
    board.run();
    lifecycle::boot(board.vm(1));
    EXPECT_TRUE(board.cpu().need_resched);
    board.hw().events.clear();
    EXPECT_EQ(&board.run(), &board.vcpu(1));
    auto const& events = board.hw().events;
    auto const save = std::ranges::find(events, Kind::Save, &Event::kind),
               load = std::ranges::find(events, Kind::Load, &Event::kind);
    ASSERT_TRUE(save != events.end() && load != events.end());
    EXPECT_LT(save, load);
}

TEST(Switch, AnAlonelyShareHasNoSliceAndNoTimer) {
    Board board;
    board.boot();
    board.run();
    EXPECT_EQ(board.hw().deadline, TimerQueue::never);
}

TEST(Switch, TwoSharesTakeTurnsBySlices) {
    Board board{{{}, {}}};
    board.boot();
    Vcpu* last = &board.run();
    for (int turn = 0; turn < 10; ++turn) {
        EXPECT_EQ(board.hw().deadline, board.hw().counter + board.hw().frequency / 250);
        board.fire_deadline();
        EXPECT_NE(board.cpu().current, last);
        last = board.cpu().current;
    }
}

/// Else the core would be in the middle of a switch, at EL2, when the timer of an urgent VM fires.
TEST(Switch, ASliceThatWouldEndJustBeforeATimerEndsWithIt) {
    for (std::uint64_t const after : {0, 1, 2}) {
        Board board{{{}, {}}};
        board.cpu().switch_ticks = 2;
        board.boot();
        auto const end = board.cpu().turn_started + board.vcpu().slice;
        board.cpu().timers.arm(board.vcpu(1).physical_timer, end + after);
        board.hw().counter = board.cpu().turn_started;
        board.run();
        EXPECT_EQ(board.cpu().slice_end, after < 2 ? end + after : end) << after;
    }
}

TEST(Switch, SharesGetTheirWeightsOverManySlices) {
    Board board{{{.weight = 100}, {.weight = 300}, {.weight = 600}}};
    board.boot();
    board.run();
    for (int slice = 0; slice < 20'000; ++slice) board.fire_deadline();
    double total = 0;
    for (unsigned i = 0; i < 3; ++i) total += static_cast<double>(board.vcpu(i).stats.run_ticks);
    for (unsigned i = 0; i < 3; ++i)
        EXPECT_NEAR(static_cast<double>(board.vcpu(i).stats.run_ticks) / total * 1000 / board.vcpu(i).weight, 1.0, 0.01) << i;
}

TEST(Switch, EveryTickIsSomebodys) {
    Board board{{{.weight = 100}, {.policy = fixed, .priority = 3}}};
    auto const start = board.cpu().turn_started = board.hw().counter;
    board.boot();
    board.run();
    for (int n = 0; n < 100; ++n) {
        board.hw().counter += 17;
        if (n % 3 == 0) sched::block(*board.cpu().current);
        board.run();
        if (n % 3 == 2) sched::wake(board.vcpu(1));
        if (n % 3 == 1) sched::wake(board.vcpu(0));
    }
    auto const& cpu = board.cpu();
    EXPECT_EQ(board.vcpu(0).stats.run_ticks + board.vcpu(1).stats.run_ticks + cpu.idle_ticks, cpu.turn_started - start);
}

TEST(Switch, APreemptedFixedOneGoesOnBeforeItsEquals) {
    Board board{{{.policy = fixed, .priority = 5}, {.policy = fixed, .priority = 5}, {.policy = fixed, .priority = 9}}};
    lifecycle::boot(board.vm(0)), lifecycle::boot(board.vm(1));
    board.run();
    lifecycle::boot(board.vm(2));
    EXPECT_EQ(&board.run(), &board.vcpu(2));
    sched::block(board.vcpu(2));
    EXPECT_EQ(&board.run(), &board.vcpu(0));
}

TEST(Switch, YieldingLetsAnEqualGoFirst) {
    Board board{{{.policy = fixed, .priority = 5}, {.policy = fixed, .priority = 5}}};
    board.boot();
    EXPECT_EQ(&board.run(), &board.vcpu(0));
    sched::yield(board.vcpu(0));
    EXPECT_EQ(&board.run(), &board.vcpu(1));
}

TEST(Block, WithAnInterruptPendingDoesNotSleep) {
    Board board;
    Vcpu& v = board.run_first();
    testing::enable(v, 40, 0xa0, true);
    vgic::raise(v, 40);
    sched::block(v);
    EXPECT_EQ(v.state, VcpuState::Running);
    EXPECT_FALSE(board.cpu().need_resched);
}

TEST(Block, WithOnlyAMaskedInterruptSleeps) {
    Board board;
    Vcpu& v = board.run_first();
    vgic::raise(v, 40);  // not enabled
    sched::block(v);
    EXPECT_EQ(v.state, VcpuState::Blocked);
}

TEST(Block, ForWhatItsOwnCpuInterfaceHoldsBackSleeps) {
    for (auto gic : {abi::GicVersion::V2, abi::GicVersion::V3}) {
        for (auto const& [vmcr, sleeps] :
             {std::pair{0xa0ull << 24 | 3, true}, {0xa8ull << 24 | 3, false}, {0xa8ull << 24, true}}) {
            Board board{{VmSpec{}}, gic};
            Vcpu& v = board.run_first();
            testing::enable(v, 40, 0xa0, true);
            vgic::raise(v, 40);
            board.hw().vmcr = vmcr;
            sched::block(v);
            EXPECT_EQ(v.state == VcpuState::Blocked, sleeps) << std::hex << vmcr;
            testing::enable(v, 41, 0x80, true);
            vgic::raise(v, 41);
            EXPECT_NE(v.state, VcpuState::Blocked) << "it may have become more urgent";
        }
    }
}

TEST(Block, ACoreThatNobodyWillWakeSleepsForEver) {
    Board board;
    sched::block(board.run_first());
    EXPECT_THROW(board.run(), host::SleepsForEver);
}

TEST(Wake, AnInterruptDuringSleepWakesItsVcpu) {
    Board board{{{.spi = 40}}};
    Vcpu& v = board.run_first();
    testing::enable(v, 40);
    sched::block(v);
    board.hw().on_sleep = [&] { board.hw().irq_pending.insert(40); };
    EXPECT_EQ(&board.run(), &v);
    EXPECT_EQ(v.stats.wakeups, 1u);
    EXPECT_EQ(board.cpu().idle_wakeups, 1u);
    EXPECT_TRUE(host::guest_is_interrupted());
}

TEST(Wake, TheLongestSleepIsRemembered) {
    Board board{{{.spi = 40}}};
    auto& cpu = board.cpu();
    cpu.turn_started = board.hw().counter;
    std::uint64_t const sleeps[] = {500, 9000, 300};
    for (auto const ticks : sleeps) board.hw().counter += ticks, sched::account(cpu);
    EXPECT_EQ(cpu.longest_sleep, 9000u);
    cpu.current = &board.run_first();
    board.hw().counter += 20'000;
    sched::account(cpu);
    EXPECT_LT(cpu.longest_sleep, 20'000u) << "somebody ran";
}

TEST(Wake, NothingHappensToWhoIsNotAsleep) {
    Board board;
    Vcpu& v = board.run_first();
    sched::wake(v);
    EXPECT_EQ(v.state, VcpuState::Running);
    sched::stop(v);
    sched::wake(v);
    EXPECT_EQ(v.state, VcpuState::Off);
}

TEST(Wake, AnUrgentVmTakesTheCoreAtOnce) {
    Board board{{{}, {.policy = fixed, .priority = 40, .spi = 41}}};
    board.boot();
    Vcpu& urgent = board.run();
    urgent.vm->vgic.ctlr = 3;
    testing::enable(urgent, 41);
    sched::block(urgent);
    EXPECT_EQ(&board.run(), &board.vcpu(0));
    board.hw().irq_pending.insert(41);
    board.take_interrupts();
    EXPECT_EQ(board.cpu().current, &urgent);
    EXPECT_TRUE(host::guest_is_interrupted());
}

TEST(Wake, BetweenTheDecisionToSleepAndTheSwitchIsNotLost) {
    Board board{{{.spi = 40}}};
    Vcpu& v = board.run_first();
    testing::enable(v, 40);
    sched::block(v);
    board.hw().irq_pending.insert(40);
    irq::handle_one(board.cpu());  // before the way out
    EXPECT_EQ(v.state, VcpuState::Ready);
    EXPECT_EQ(&board.run(), &v);
    EXPECT_TRUE(host::guest_is_interrupted());
}

TEST(VirtualTimer, OfASleeperGoesOnInSoftware) {
    Board board{{{.policy = fixed, .priority = 9}, {}}};
    board.boot();
    Vcpu& v = board.run();
    v.vm->vgic.ctlr = 3;
    testing::enable(v, virtual_timer);
    v.el1.cntv_ctl = armv8::TimerCtl::enable;
    v.cntvoff = 500;
    v.el1.cntv_cval = board.hw().counter + 1000 - 500;
    sched::block(v);
    EXPECT_EQ(&board.run(), &board.vcpu(1));
    EXPECT_TRUE(v.virtual_timer.armed());
    EXPECT_EQ(board.hw().deadline, board.hw().counter + 1000) << "the guest's deadline, without the offset of its counter";
    board.fire_deadline();
    EXPECT_EQ(board.cpu().current, &v);
    EXPECT_TRUE(host::guest_is_interrupted());
    EXPECT_TRUE(board.hw().irq_active.contains(virtual_timer)) << "so that the guest's end of interrupt finds what to deactivate";
}

TEST(VirtualTimer, ThatIsMaskedOrOffArmsNothing) {
    for (std::uint64_t ctl : {0ull, 2ull, 3ull}) {
        Board board{{{.policy = fixed, .priority = 9}, {}}};
        board.boot();
        Vcpu& v = board.run();
        v.el1.cntv_ctl = ctl;
        v.el1.cntv_cval = 5;
        sched::block(v);
        board.run();
        EXPECT_FALSE(v.virtual_timer.armed()) << ctl;
    }
}

TEST(VirtualTimer, FarDeadlinesDoNotWrapAround) {
    Board board{{{.policy = fixed, .priority = 9}, {}}};
    board.boot();
    Vcpu& v = board.run();
    v.el1.cntv_ctl = armv8::TimerCtl::enable;
    v.el1.cntv_cval = ~0ull - 3;
    v.cntvoff = 1000;
    sched::block(v);
    board.run();
    EXPECT_EQ(v.virtual_timer.deadline, TimerQueue::never);
}

TEST(VirtualTimer, OfAnotherVmMayFireWhileOnesOwnIsBeingHandled) {
    Board board{{{}, {}}};
    board.boot();
    Vcpu& first = board.run();
    first.vm->vgic.ctlr = 3;
    testing::enable(first, virtual_timer);
    board.hw().irq_pending.insert(virtual_timer);
    board.take_interrupts();
    ASSERT_EQ(host::guest_acknowledge()->intid, virtual_timer);
    board.fire_deadline();  // of the slice
    ASSERT_NE(board.cpu().current, &first);
    EXPECT_FALSE(board.hw().irq_active.contains(virtual_timer)) << "else the second VM would never get its own";
    board.fire_deadline();
    ASSERT_EQ(board.cpu().current, &first);
    EXPECT_TRUE(board.hw().irq_active.contains(virtual_timer));
    host::guest_end(virtual_timer);
    EXPECT_FALSE(board.hw().irq_active.contains(virtual_timer));
}

TEST(Stop, TakesAVcpuOffTheCoreWithItsTimersAndInterrupts) {
    Board board{{{}, {}}};
    board.boot();
    Vcpu& v = board.run();
    v.vm->vgic.ctlr = 3;
    testing::enable(v, virtual_timer);
    board.hw().irq_pending.insert(virtual_timer);
    board.take_interrupts();
    board.cpu().timers.arm(v.physical_timer, 99);
    board.cpu().fp_owner = &v;
    sched::stop(v);
    EXPECT_EQ(v.state, VcpuState::Off);
    EXPECT_EQ(board.cpu().loaded, nullptr);
    EXPECT_EQ(board.cpu().fp_owner, nullptr);
    EXPECT_FALSE(v.virtual_timer.armed() || v.physical_timer.armed());
    EXPECT_FALSE(board.hw().irq_active.contains(virtual_timer));
    EXPECT_TRUE(std::ranges::all_of(board.hw().lr, [](auto lr) { return lr == 0; }));
    EXPECT_NE(&board.run(), &v);
}

TEST(Stop, AReadyOneNeverRunsAgain) {
    Board board{{{}, {}}};
    board.boot();
    Vcpu& running = board.run();
    Vcpu& ready = &running == &board.vcpu(0) ? board.vcpu(1) : board.vcpu(0);
    sched::stop(ready);
    for (int n = 0; n < 4; ++n) {
        sched::yield(running);
        EXPECT_EQ(&board.run(), &running);
    }
}

TEST(OnTimer, ManyExpiredTimersAreTakenInBoundedSteps) {
    std::vector<testing::VmSpec> many(40);
    Board board{many};
    board.boot();
    board.run();
    for (unsigned i = 0; i < many.size(); ++i) board.cpu().timers.arm(board.vcpu(i).physical_timer, 1);
    board.hw().events.clear();
    sched::on_timer(board.cpu());
    unsigned left = 0;
    for (unsigned i = 0; i < many.size(); ++i) left += board.vcpu(i).physical_timer.armed() ? 1 : 0;
    EXPECT_EQ(left, many.size() - 16);
    EXPECT_LE(board.hw().deadline, board.hw().counter) << "the rest follows at once";
}

TEST(SleepingCore, IsNotWokenByTheEndOfATurnThatIsOver) {
    Board board{{{.policy = fixed, .priority = 9, .budget_ns = 200'000, .period_ns = 1'000'000}}};
    board.boot();
    Vcpu& v = board.run();
    ASSERT_NE(board.hw().deadline, TimerQueue::never);
    sched::block(v);
    board.hw().on_sleep = [&] {
        EXPECT_EQ(board.hw().deadline, TimerQueue::never);
        sched::wake(v);
    };
    board.run();
}

TEST(SleepingCore, HoldsNothingOfAVcpuThatWaitsForItsBudget) {
    Board board{{{.policy = fixed, .priority = 9, .budget_ns = 200'000, .period_ns = 1'000'000}}};
    board.boot();
    board.run();
    bool slept = false;
    board.hw().on_sleep = [&] {
        slept = true;
        EXPECT_EQ(board.cpu().loaded, nullptr) << "QEMU's WFI would return for its interrupts";
        EXPECT_EQ(board.hw().ich_hcr, 0u) << "nor would maintenance let the core sleep";
        board.hw().counter = board.hw().deadline, board.hw().irq_pending.insert(26);
    };
    board.fire_deadline();
    EXPECT_TRUE(slept);
    EXPECT_EQ(&board.run(), &board.vcpu(0));
}

}  // namespace
}  // namespace tiffin
