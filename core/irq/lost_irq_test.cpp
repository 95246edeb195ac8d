// Interrupts that could get lost between the hardware's list registers and our state of them: each was, once.
#include <gtest/gtest.h>

#include "armv8/gic.hpp"
#include "core/testing.hpp"

namespace tiffin {
namespace {

using host::guest_acknowledge;
using host::guest_end;
using testing::Board;
using testing::enable;

constexpr std::uint32_t spi = 40;

/// The guest takes the level interrupt `spi` and ends it, and its line stays high; the maintenance interrupt has not been taken
/// yet.
void end_with_line_high(Vcpu& v) {
    enable(v, spi, 0xa0, false);
    vgic::set_line(v, spi, true);
    ASSERT_TRUE(guest_acknowledge());
    guest_end(spi);
}

TEST(LostInterrupt, WfiBetweenEndAndMaintenanceDoesNotSleepOnAHighLine) {
    Board board{{{}, {}}};
    board.boot();
    Vcpu &a = board.vcpu(0), &b = board.vcpu(1);
    a.vm->vgic.ctlr = b.vm->vgic.ctlr = 3;
    board.enter(a);
    end_with_line_high(a);
    sched::block(a);
    EXPECT_EQ(a.state, VcpuState::Running);
}

TEST(LostInterrupt, SwitchBetweenEndAndMaintenanceListsAHighLineAgain) {
    Board board{{{}, {}}};
    board.boot();
    Vcpu &a = board.vcpu(0), &b = board.vcpu(1);
    a.vm->vgic.ctlr = b.vm->vgic.ctlr = 3;
    board.enter(a);
    end_with_line_high(a);
    board.enter(b);
    board.enter(a);
    EXPECT_TRUE(host::guest_is_interrupted());
}

TEST(LostInterrupt, EndsOfUnlistedInterruptsAreCountedBeforeASwitch) {
    Board board{{{}, {}}, abi::GicVersion::V3, 4};
    board.boot();
    Vcpu &a = board.vcpu(0), &b = board.vcpu(1);
    a.vm->vgic.ctlr = b.vm->vgic.ctlr = 3;
    board.enter(a);
    for (unsigned n = 0; n < 6; ++n) {  // six nested, four list registers
        enable(a, spi + n, static_cast<std::uint8_t>(0xa0 - 0x10 * n), true);
        vgic::raise(a, spi + n);
        board.maintain();
        ASSERT_TRUE(guest_acknowledge()) << n;
    }
    for (unsigned n = 6; n-- > 0;) {
        guest_end(spi + n);
        board.enter(b);
        board.enter(a);
        board.maintain();
    }
    EXPECT_EQ(vgic::bank(a, spi).active, 0u);
}

TEST(LostInterrupt, ATickThatFindsNobodyLoadedDoesNotStayActiveForTheNext) {
    Board board{{{}, {}}};
    board.boot();
    board.enter(board.vcpu(0));
    sched::stop(board.vcpu(0));
    ASSERT_EQ(board.cpu().loaded, nullptr);
    board.hw().irq_pending.insert(27);
    irq::handle_one(board.cpu());
    board.run();
    EXPECT_FALSE(board.hw().irq_active.contains(27));
}

TEST(LostInterrupt, ASecondSenderOfAnSgiIsNotTakenForTheFirst) {
    Board board{{{.vcpus = 3}}, abi::GicVersion::V2};
    Vcpu& a = board.run_first();
    enable(a, 3, 0xa0, true);
    vgic::send_sgi(board.vcpu(0, 1), a, 3);
    auto const first = guest_acknowledge();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->source, 1u);
    vgic::send_sgi(board.vcpu(0, 2), a, 3);
    guest_end(3);
    board.maintain();
    auto const second = guest_acknowledge();
    ASSERT_TRUE(second);
    EXPECT_EQ(second->source, 2u);
    guest_end(3);
    board.maintain();
    EXPECT_FALSE(guest_acknowledge());
}

TEST(Reset, ALoopOfResetsLeavesTheConsoleToOthers) {
    Board board{{{}, {}}};
    board.boot();
    board.uart.room = 0;
    auto& port = *board.vm(1).console;
    unsigned taken = 0;
    for (unsigned ms = 0; ms < 5000; ++ms) {  // 115,200 baud: 11 bytes a millisecond
        board.uart.room += 11;
        board.console.on_uart_interrupt();
        board.enter(board.vcpu(0));
        if (board.vm(0).state == VmState::Running) lifecycle::reset(board.vm(0), "PSCI SYSTEM_RESET");
        board.run();
        for (unsigned k = 0; k < 2; ++k)
            if (!port.tx_full()) port.put(ms % 20 == 19 && k == 1 ? '\n' : 'x'), ++taken;
    }
    EXPECT_GT(taken, 9500u) << "the neighbour's output was held up";
}

}  // namespace
}  // namespace tiffin
