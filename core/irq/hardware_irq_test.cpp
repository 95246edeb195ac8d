// Interrupts with a physical one behind them: it is active while a guest has it in hand, and never longer.
#include <gtest/gtest.h>
#include <vector>

#include "armv8/gic.hpp"
#include "core/irq/vgic.hpp"
#include "core/testing.hpp"

namespace tiffin {
namespace {

using host::guest_acknowledge;
using host::guest_end;
using testing::acknowledge_one;
using testing::Board;
using testing::enable;
using testing::take_all;
using Taken = std::vector<std::uint32_t>;
constexpr bool edge = true;
constexpr auto v3 = abi::GicVersion::V3;
constexpr std::uint32_t timer = abi::guest_map::virtual_timer_intid;

TEST(HardwareInterrupt, TheEndOfAHardwareInterruptDeactivatesThePhysicalOne) {
    Board board{{{.spi = 79}}};
    Vcpu& v = board.run_first();
    enable(v, 79);
    board.hw().irq_pending.insert(79);
    board.take_interrupts();
    EXPECT_TRUE(board.hw().irq_active.contains(79)) << "it does not fire again while the guest has it";
    EXPECT_EQ(acknowledge_one(), 79u);
    guest_end(79);
    EXPECT_FALSE(board.hw().irq_active.contains(79));
    board.hw().irq_pending.insert(79);
    board.take_interrupts();
    EXPECT_EQ(take_all(board), Taken{79});
}

TEST(HardwareInterrupt, AHardwareInterruptThatEndsOutsideTheListRegistersIsDeactivatedToo) {
    Board board{{{.spi = 79}}, v3, 2};
    Vcpu& v = board.run_first();
    enable(v, 79, 0xf8);
    board.hw().irq_pending.insert(79);
    board.take_interrupts();
    ASSERT_EQ(acknowledge_one(), 79u);
    for (std::uint32_t n = 0; n < 4; ++n) {
        enable(v, 40 + n, static_cast<std::uint8_t>(0x80 - 8 * n), edge);
        vgic::raise(v, 40 + n);
        board.maintain();
        ASSERT_EQ(acknowledge_one(), 40 + n);
        board.maintain();
    }
    for (std::uint32_t n = 4; n-- > 0;) {
        guest_end(40 + n);
        board.maintain();
    }
    EXPECT_TRUE(board.hw().irq_active.contains(79));
    guest_end(79);
    board.maintain();
    EXPECT_FALSE(board.hw().irq_active.contains(79));
}

TEST(HardwareInterrupt, ClearingThePendingStateOfAHardwareInterruptGivesItBackToTheHardware) {
    Board board{{{.spi = 79}}};
    Vcpu& v = board.run_first();
    for (std::uint32_t intid : {79u, timer}) {
        enable(v, intid);
        board.hw().irq_pending.insert(intid);
        board.take_interrupts();
        vgic::clear_pending(v, intid / 32 * 32, vgic::mask(intid));
        EXPECT_FALSE(host::guest_is_interrupted());
        EXPECT_FALSE(board.hw().irq_active.contains(intid)) << intid << " would never fire again, for no VM of this core";
    }
}

TEST(HardwareInterrupt, ClearingTheActiveStateOfAHardwareInterruptGivesItBackToTheHardware) {
    Board board{{{.spi = 79}}};
    Vcpu& v = board.run_first();
    for (std::uint32_t intid : {79u, timer}) {
        enable(v, intid);
        board.hw().irq_pending.insert(intid);
        board.take_interrupts();
        ASSERT_EQ(acknowledge_one(), intid);
        vgic::set_active(v, intid / 32 * 32, vgic::mask(intid), false);
        board.hw().running.clear();
        EXPECT_FALSE(board.hw().irq_active.contains(intid)) << intid;
    }
}

TEST(HardwareInterrupt, AnotherVcpuNeverDeactivatesThePrivateInterruptOfWhoRuns) {
    Board board{{{.vcpus = 2}}};
    board.boot();
    Vcpu &v0 = board.vcpu(0, 0), &v1 = board.vcpu(0, 1);
    v0.vm->vgic.ctlr = 3;
    for (Vcpu* v : {&v0, &v1}) {
        board.enter(*v);
        enable(*v, timer);
        board.hw().irq_pending.insert(timer);
        board.take_interrupts();
        ASSERT_EQ(acknowledge_one(), timer);
    }
    ASSERT_EQ(board.cpu().loaded, &v1);
    vgic::set_active(v0, 0, vgic::mask(timer), false);
    EXPECT_TRUE(board.hw().irq_active.contains(timer)) << "that one is v1's";
}

}  // namespace
}  // namespace tiffin
