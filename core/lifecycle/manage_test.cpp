// What others may do with a VM, and what happens by itself when it ends badly.
#include "abi/manage.hpp"

#include <gtest/gtest.h>
#include <random>

#include "armv8/timer.hpp"
#include "core/hypercall/manage.hpp"
#include "core/lifecycle/lifecycle.hpp"
#include "core/sched/rights.hpp"
#include "core/testing.hpp"

namespace tiffin {
namespace {

using abi::manage::Action;
using lifecycle::manage;
using testing::Board;
using testing::guest_ram;
using testing::private_ram;

/// Whoever is ready has had turns enough for all that is done in steps.
void settle(Board& board) {
    for (int n = 0; n < 50 && machine.running != 0; ++n) {
        board.hw().counter += board.hw().frequency / 1000;
        if (board.cpu().current != nullptr) sched::yield(*board.cpu().current);
        board.run();
    }
}

TEST(Pause, TakesTheVmOffItsCoreAndResumeBringsItBack) {
    Board board{{{}, {}}};
    board.boot();
    board.enter(board.vcpu(0));
    ASSERT_TRUE(manage(board.vm(0), Action::Pause));
    EXPECT_EQ(board.vm(0).state, VmState::Paused);
    EXPECT_EQ(&board.run(), &board.vcpu(1));
    settle(board);
    EXPECT_EQ(board.vcpu(0).state, VcpuState::Ready) << "nothing of it is lost";
    EXPECT_EQ(board.cpu().current, &board.vcpu(1));
    ASSERT_TRUE(manage(board.vm(0), Action::Resume));
    board.enter(board.vcpu(0));
    EXPECT_EQ(board.cpu().current, &board.vcpu(0));
}

TEST(Pause, HoldsOneThatAnInterruptWakes) {
    Board board{{{.spi = 79}, {}}};
    board.boot();
    board.enter(board.vcpu(0));
    board.vm(0).vgic.ctlr = 3;
    testing::enable(board.vcpu(0), 79);
    sched::block(board.vcpu(0));
    board.run();
    ASSERT_TRUE(manage(board.vm(0), Action::Pause));
    board.hw().irq_pending.insert(79);
    board.take_interrupts();
    settle(board);
    EXPECT_EQ(board.cpu().current, &board.vcpu(1)) << "the interrupt waits";
    ASSERT_TRUE(manage(board.vm(0), Action::Resume));
    board.enter(board.vcpu(0));
    EXPECT_EQ(testing::acknowledge_one(), 79u);
}

TEST(Pause, StopsTheVmsVirtualTime) {
    Board board{{{}, {}}};
    board.boot();
    Vcpu& v = board.vcpu(0);
    board.enter(v);
    v.el1.cntv_ctl = 1;
    v.el1.cntv_cval = board.hw().counter - v.cntvoff + 5000;
    auto const virtual_now = board.hw().counter - v.cntvoff;
    manage(board.vm(0), Action::Pause);
    board.run();
    board.hw().counter += 1'000'000;
    manage(board.vm(0), Action::Resume);
    EXPECT_EQ(board.hw().counter - v.cntvoff, virtual_now);
    EXPECT_TRUE(v.virtual_timer.armed() || board.cpu().loaded == &v) << "its timer goes on";
}

TEST(Pause, AFixedVmGetsItsBudgetBackAndItsPlace) {
    Board board{{{.policy = abi::Policy::Fixed, .priority = 9, .budget_ns = 100'000, .period_ns = 1'000'000}, {}}};
    board.boot();
    board.enter(board.vcpu(0));
    manage(board.vm(0), Action::Pause);
    board.run();
    board.hw().counter += board.hw().frequency;
    board.fire_deadline();
    EXPECT_NE(board.cpu().current, &board.vcpu(0));
    manage(board.vm(0), Action::Resume);
    if (board.cpu().need_resched) board.run();
    EXPECT_EQ(board.cpu().current, &board.vcpu(0));
}

TEST(Manage, DoesOnlyWhatTheStateAllows) {
    Board board{{{}, {}}};
    board.boot();
    board.run();
    EXPECT_FALSE(manage(board.vm(0), Action::Start));
    EXPECT_FALSE(manage(board.vm(0), Action::Resume));
    ASSERT_TRUE(manage(board.vm(0), Action::Stop));
    EXPECT_FALSE(manage(board.vm(0), Action::Stop));
    EXPECT_FALSE(manage(board.vm(0), Action::Pause));
    ASSERT_TRUE(manage(board.vm(0), Action::Start));
    settle(board);
    EXPECT_EQ(board.vm(0).state, VmState::Running);
    EXPECT_EQ(machine.running, 2u);
}

TEST(Manage, AStoppedVmsMemoryIsScrubbed) {
    Board board{{{.ram = 0x2'0000}, {}}};
    board.boot();
    board.run();
    std::memset(private_ram(board.vm(0), guest_ram), 0x77, 0x2'0000);
    manage(board.vm(0), Action::Stop);
    settle(board);
    EXPECT_EQ(board.vm(0).state, VmState::Stopped);
    EXPECT_FALSE(board.vm(0).in_steps);
    auto const* const ram = private_ram(board.vm(0), guest_ram);
    EXPECT_TRUE(std::all_of(ram, ram + 0x2'0000, [](auto byte) { return byte == 0; }));
    EXPECT_EQ(board.vcpu(0).state, VcpuState::Off);
}

TEST(Manage, AVmThatStartsOffWaitsToBeStarted) {
    Board board{{{}, {.flags = abi::vm_starts_off}}};
    board.boot();
    EXPECT_EQ(board.vm(1).state, VmState::Off);
    EXPECT_EQ(machine.running, 1u);
    ASSERT_TRUE(manage(board.vm(1), Action::Start));
    settle(board);
    EXPECT_EQ(board.vm(1).state, VmState::Running);
    EXPECT_EQ(machine.running, 2u);
}

TEST(Manage, AVmReachesThoseThatItsDescriptionNamesAndNobodyElse) {
    Board board{{{.manages = {2}}, {}, {}}};
    board.boot();
    board.run();
    EXPECT_EQ(hypercall::manage(board.vm(0), 0, 1), abi::Error::Success);
    EXPECT_EQ(board.vm(2).state, VmState::Stopped);
    EXPECT_EQ(hypercall::manage(board.vm(0), 0, 1), abi::Error::Busy) << "it has stopped already";
    EXPECT_EQ(hypercall::manage(board.vm(0), 0, 5), abi::Error::InvalidParameter);
    for (std::uint64_t const index : {1ull, 2ull, ~0ull})
        EXPECT_EQ(hypercall::manage(board.vm(0), index, 1), abi::Error::NotPermitted);
    EXPECT_EQ(hypercall::manage(board.vm(1), 0, 1), abi::Error::NotPermitted) << "the default is nobody";
}

TEST(OnCrash, StartsAnewAfterABackOffThatDoubles) {
    Board board{{{.flags = abi::vm_restart_on_crash, .restarts = 3}, {}}};
    board.boot();
    board.run();
    std::uint64_t before = 0;
    for (int n = 0; n < 3; ++n) {
        lifecycle::stop(board.vm(0), VmState::Crashed, 255, "test");
        EXPECT_EQ(machine.running, 2u) << "it will be back";
        auto const wait = board.vm(0).restart_timer.deadline - board.hw().counter;
        EXPECT_EQ(wait, n == 0 ? board.hw().frequency / 100 : 2 * before);
        before = wait;
        board.run();
        for (int i = 0; i < 100 && board.vm(0).state != VmState::Running; ++i) {
            board.fire_deadline();
            settle(board);
        }
        ASSERT_EQ(board.vm(0).state, VmState::Running) << n;
    }
    lifecycle::stop(board.vm(0), VmState::Crashed, 255, "test");
    EXPECT_FALSE(board.vm(0).restarting);
    EXPECT_EQ(machine.running, 1u);
    EXPECT_NE(board.said().find("is not started anew: restarts within the limit: 3"), std::string::npos);
}

TEST(OnCrash, AnExitWithAStatusIsACrashAndOneWithoutIsNot) {
    Board board{{{.flags = abi::vm_restart_on_crash, .restarts = 3}, {.flags = abi::vm_restart_on_crash, .restarts = 3}, {}}};
    board.boot();
    board.run();
    lifecycle::stop(board.vm(0), VmState::Stopped, 0, "done");
    EXPECT_FALSE(board.vm(0).restarting);
    lifecycle::stop(board.vm(1), VmState::Stopped, 1, "failed");
    EXPECT_TRUE(board.vm(1).restarting);
}

TEST(OnCrash, AStopGivesTheRestartUp) {
    Board board{{{.flags = abi::vm_restart_on_crash, .restarts = 3}, {}}};
    board.boot();
    board.run();
    lifecycle::stop(board.vm(0), VmState::Crashed, 255, "test");
    ASSERT_TRUE(manage(board.vm(0), Action::Stop));
    EXPECT_FALSE(board.vm(0).restarting || board.vm(0).restart_timer.armed());
    EXPECT_EQ(machine.running, 1u);
}

TEST(OnCrash, MayRebootTheBoard) {
    Board board{{{.flags = abi::vm_reboot_on_crash}, {}}};
    board.boot();
    board.run();
    EXPECT_THROW(lifecycle::stop(board.vm(0), VmState::Crashed, 255, "test"), host::Rebooted);
}

/// Every event in any order, against what must hold at all times.
TEST(LifeModel, HoldsInAnyOrderOfEvents) {
    std::mt19937 random{2026};
    for (int round = 0; round < 50; ++round) {
        Board board{
            {{.vcpus = 2, .flags = abi::vm_restart_on_crash, .restarts = 16}, {.policy = abi::Policy::Fixed, .priority = 5}, {}}};
        board.boot();
        board.run();
        for (int n = 0; n < 200; ++n) {
            Vm& vm = board.vm(random() % 2);
            auto const event = random() % 9;
            if (event < 5) manage(vm, static_cast<Action>(event));
            if (event == 5 && vm.state == VmState::Running) lifecycle::stop(vm, VmState::Crashed, 255, "test");
            if (event == 6 && vm.state == VmState::Running) lifecycle::reset(vm, "test");
            if (event == 7) board.fire_deadline();
            if (event == 8) board.hw().counter += random() % 5000;
            if (board.cpu().need_resched || random() % 2 == 0) {
                if (board.cpu().current != nullptr) sched::yield(*board.cpu().current);
                board.run();
            }
            std::uint32_t counted = 0;
            for (Vm const* each : machine.vms) {
                bool const alive =
                    each->state == VmState::Running || each->state == VmState::Starting || each->state == VmState::Paused;
                counted += alive || each->restarting ? 1 : 0;
                bool const runs = board.cpu().current != nullptr && board.cpu().current->vm == each;
                ASSERT_TRUE(!runs || each->state == VmState::Running) << "only who runs has the core";
            }
            ASSERT_EQ(machine.running, counted);
        }
    }
}

}  // namespace
}  // namespace tiffin
