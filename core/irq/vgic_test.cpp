// The interrupt controller's state, seen from both ends: what the distributor was told, and what a guest acknowledges.
#include "core/irq/vgic.hpp"

#include <gtest/gtest.h>
#include <vector>

#include "armv8/gic.hpp"
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
using armv8::IchHcr;
using armv8::Lr;
constexpr auto v3 = abi::GicVersion::V3;
constexpr std::uint32_t timer = abi::guest_map::virtual_timer_intid, phys_timer = abi::guest_map::physical_timer_intid;
constexpr bool edge = true, level = false;

TEST(Vgic, AnEdgeInterruptIsDeliveredOnce) {
    Board board;
    Vcpu& v = board.run_first();
    enable(v, 40, 0xa0, edge);
    vgic::set_line(v, 40, true);
    EXPECT_EQ(take_all(board), Taken{40});
    EXPECT_EQ(take_all(board), Taken{});
    vgic::set_line(v, 40, false);
    EXPECT_EQ(take_all(board), Taken{});
}

TEST(Vgic, ALevelInterruptComesBackUntilItsLineDrops) {
    Board board;
    Vcpu& v = board.run_first();
    enable(v, 40, 0xa0, level);
    vgic::set_line(v, 40, true);
    for (int n = 0; n < 3; ++n) {
        EXPECT_EQ(acknowledge_one(), 40u);
        guest_end(40);
        board.maintain();
    }
    vgic::set_line(v, 40, false);
    EXPECT_EQ(take_all(board), Taken{});
}

TEST(Vgic, ALineThatDropsBeforeItWasTakenRetractsTheInterrupt) {
    Board board;
    Vcpu& v = board.run_first();
    enable(v, 40, 0xa0, level);
    vgic::set_line(v, 40, true);
    EXPECT_TRUE(host::guest_is_interrupted());
    vgic::set_line(v, 40, false);
    EXPECT_FALSE(host::guest_is_interrupted());
}

TEST(Vgic, ALineThatDropsWhileItIsHandledLeavesNothingBehind) {
    Board board;
    Vcpu& v = board.run_first();
    enable(v, 40, 0xa0, level);
    vgic::set_line(v, 40, true);
    EXPECT_EQ(acknowledge_one(), 40u);
    vgic::set_line(v, 40, false);
    guest_end(40);
    EXPECT_EQ(take_all(board), Taken{});
    vgic::set_line(v, 40, true);
    EXPECT_EQ(acknowledge_one(), 40u);
}

TEST(Vgic, AnEdgeDuringTheHandlerIsTakenAfterIt) {
    Board board;
    Vcpu& v = board.run_first();
    enable(v, 40, 0xa0, edge);
    vgic::raise(v, 40);
    EXPECT_EQ(acknowledge_one(), 40u);
    vgic::raise(v, 40);
    vgic::raise(v, 40);
    EXPECT_EQ(acknowledge_one(), armv8::spurious_intid);
    guest_end(40);
    EXPECT_EQ(take_all(board), Taken{40}) << "two edges during the handler are one";
}

TEST(Vgic, AnEdgeDuringTheHandlerOutlivesEveryRefresh) {
    Board board;
    Vcpu& v = board.run_first();
    enable(v, 40, 0xa0, edge);
    vgic::raise(v, 40);
    EXPECT_EQ(acknowledge_one(), 40u);
    vgic::raise(v, 40);
    vgic::refresh(v);
    vgic::refresh(v);
    guest_end(40);
    EXPECT_EQ(take_all(board), Taken{40});
}

TEST(Vgic, AnEdgeDuringTheHandlerOutlivesALossOfTheCore) {
    Board board{{{}, {}}};
    board.boot();
    Vcpu& v = board.vcpu(0);
    board.enter(v);
    v.vm->vgic.ctlr = 3;
    enable(v, 40, 0xa0, edge);
    vgic::raise(v, 40);
    EXPECT_EQ(acknowledge_one(), 40u);
    board.enter(board.vcpu(1));
    vgic::raise(v, 40);
    vgic::refresh(v);
    board.enter(v);
    guest_end(40);
    EXPECT_EQ(take_all(board), Taken{40});
}

TEST(Vgic, AnInterruptDisabledInItsHandlerStaysAway) {
    Board board;
    Vcpu& v = board.run_first();
    enable(v, 40, 0xa0, edge);
    vgic::raise(v, 40);
    EXPECT_EQ(acknowledge_one(), 40u);
    vgic::bank(v, 40).enabled = 0;
    vgic::refresh(v);
    vgic::raise(v, 40);
    guest_end(40);
    EXPECT_EQ(take_all(board), Taken{});
    vgic::bank(v, 40).enabled = vgic::mask(40);
    vgic::refresh(v);
    EXPECT_EQ(take_all(board), Taken{40}) << "it was kept for when it is enabled again";
}

TEST(Vgic, ALevelRaisedBeforeItsMaintenanceWasTakenAsksForNoMaintenanceForEver) {
    Board board;
    Vcpu& v = board.run_first();
    enable(v, 40, 0xa0, level);
    vgic::set_line(v, 40, true);
    EXPECT_EQ(acknowledge_one(), 40u);
    vgic::set_line(v, 40, false);
    guest_end(40);
    vgic::set_line(v, 40, true);  // by a trap that came before the maintenance interrupt
    vgic::set_line(v, 40, false);
    board.maintain();
    EXPECT_FALSE(host::maintenance_pending());
    vgic::set_line(v, 40, true);
    EXPECT_EQ(acknowledge_one(), 40u);
}

TEST(Vgic, AnUnraisedRefreshOfWhatIsHandledKeepsItActive) {
    Board board;
    Vcpu& v = board.run_first();
    enable(v, 40, 0xa0, level);
    vgic::set_line(v, 40, true);
    EXPECT_EQ(acknowledge_one(), 40u);
    vgic::refresh(v);
    EXPECT_EQ(acknowledge_one(), armv8::spurious_intid);
    vgic::set_line(v, 40, false);
    guest_end(40);
    EXPECT_EQ(take_all(board), Taken{});
}

TEST(Vgic, DisabledInterruptsWaitUntilTheyAreEnabled) {
    Board board;
    Vcpu& v = board.run_first();
    vgic::raise(v, 40);
    EXPECT_FALSE(host::guest_is_interrupted());
    enable(v, 40, 0xa0, edge);
    vgic::refresh(v);
    EXPECT_EQ(acknowledge_one(), 40u);
}

TEST(Vgic, ADisabledGroupKeepsItsInterrupts) {
    Board board;
    Vcpu& v = board.run_first();
    v.vm->vgic.ctlr = 1;  // group 0 only
    enable(v, 40, 0xa0, edge);
    vgic::raise(v, 40);
    EXPECT_FALSE(host::guest_is_interrupted());
    enable(v, 41, 0xa0, edge);
    vgic::bank(v, 41).group1 &= ~vgic::mask(41);
    vgic::raise(v, 41);
    EXPECT_EQ(acknowledge_one(), 41u);
    EXPECT_FALSE(Lr::Group1::get(board.hw().lr[0]));
    v.vm->vgic.ctlr = 3;
    vgic::refresh_all(*v.vm);
    guest_end(41);
    EXPECT_EQ(take_all(board), Taken{40});
}

TEST(Vgic, TheHighestPriorityIsTakenFirstAndThenTheLowestNumber) {
    Board board{{{}}, v3, 8};
    Vcpu& v = board.run_first();
    enable(v, 40, 0x80, edge), enable(v, 50, 0x20, edge), enable(v, 45, 0x80, edge), enable(v, 3, 0x80);
    for (auto intid : {45u, 40u, 3u, 50u}) vgic::raise(v, intid);
    EXPECT_EQ(take_all(board), (Taken{50, 3, 40, 45}));
}

TEST(Vgic, AMoreUrgentInterruptPreemptsAHandler) {
    Board board;
    Vcpu& v = board.run_first();
    enable(v, 40, 0x80, edge), enable(v, 41, 0x40, edge);
    vgic::raise(v, 40);
    EXPECT_EQ(acknowledge_one(), 40u);
    vgic::raise(v, 41);
    EXPECT_EQ(acknowledge_one(), 41u);
    guest_end(41);
    guest_end(40);
    EXPECT_EQ(take_all(board), Taken{});
}

TEST(Vgic, MoreThanTheListRegistersHoldAreTakenInOrderOfPriority) {
    for (std::uint32_t list_registers : {2u, 4u, 16u}) {
        Board board{{{}}, v3, list_registers};
        Vcpu& v = board.run_first();
        Taken expected;
        for (std::uint32_t n = 0; n < 28; ++n) {
            enable(v, 40 + n, static_cast<std::uint8_t>(0xf8 - 8 * n), edge);
            expected.insert(expected.begin(), 40 + n);
        }
        for (std::uint32_t n = 0; n < 28; ++n) vgic::raise(v, 40 + n);
        EXPECT_EQ((board.hw().ich_hcr & IchHcr::npie) != 0, true);
        EXPECT_EQ(take_all(board), expected) << list_registers;
        EXPECT_EQ(board.hw().ich_hcr & IchHcr::npie, 0u) << "maintenance is wanted only while some wait";
    }
}

TEST(Vgic, AnUrgentOneFindsItsWayIntoFullListRegisters) {
    Board board;
    Vcpu& v = board.run_first();
    for (std::uint32_t n = 0; n < 8; ++n) {
        enable(v, 40 + n, 0xa0, edge);
        vgic::raise(v, 40 + n);
    }
    enable(v, 60, 0x10, edge);
    vgic::raise(v, 60);
    EXPECT_EQ(acknowledge_one(), 60u);
}

TEST(Vgic, HandlersNestDeeperThanTheListRegisters) {
    Board board{{{}}, v3, 4};
    Vcpu& v = board.run_first();
    constexpr std::uint32_t depth = 12;
    for (std::uint32_t n = 0; n < depth; ++n) {
        enable(v, 40 + n, static_cast<std::uint8_t>(0xf8 - 8 * n), edge);
        vgic::raise(v, 40 + n);
        board.maintain();
        ASSERT_EQ(acknowledge_one(), 40 + n);
        board.maintain();
    }
    for (std::uint32_t n = depth; n-- > 0;) {
        guest_end(40 + n);
        board.maintain();
    }
    EXPECT_EQ(take_all(board), Taken{});
    for (std::uint32_t n = 0; n < depth; ++n) {
        EXPECT_EQ(vgic::bank(v, 40 + n).active, 0u) << "all ended";
        vgic::raise(v, 40 + n);
    }
    EXPECT_EQ(take_all(board).size(), depth);
}

TEST(Vgic, WhatComesForAVcpuThatIsNotLoadedWaitsForItsTurn) {
    Board board{{{}, {}}};
    board.boot();
    Vcpu &a = board.vcpu(0), &b = board.vcpu(1);
    board.enter(a);
    a.vm->vgic.ctlr = b.vm->vgic.ctlr = 3;
    enable(b, 40, 0xa0, edge);
    vgic::raise(b, 40);
    EXPECT_FALSE(host::guest_is_interrupted());
    board.enter(b);
    EXPECT_EQ(take_all(board), Taken{40});
}

TEST(Vgic, ListRegistersOfOneVmAreNeverSeenByAnother) {
    Board board{{{}, {}}};
    board.boot();
    Vcpu &a = board.vcpu(0), &b = board.vcpu(1);
    board.enter(a);
    a.vm->vgic.ctlr = b.vm->vgic.ctlr = 3;
    for (std::uint32_t n = 0; n < 4; ++n) {
        enable(a, 40 + n, 0xa0, edge);
        vgic::raise(a, 40 + n);
    }
    board.enter(b);
    EXPECT_TRUE(std::ranges::all_of(board.hw().lr, [](auto lr) { return lr == 0; }));
    board.enter(a);
    EXPECT_EQ(take_all(board).size(), 4u);
}

TEST(Vgic, ARetargetedSpiGoesToItsNewVcpu) {
    Board board{{{.vcpus = 2}}};
    board.boot();
    Vcpu &v0 = board.vcpu(0, 0), &v1 = board.vcpu(0, 1);
    board.enter(v0);
    v0.vm->vgic.ctlr = 3;
    enable(v0, 40, 0xa0, edge);
    vgic::raise(v0, 40);
    vgic::recall(v0);
    v0.vm->vgic.targets[0].routed.set(8, 1);
    v0.vm->vgic.targets[0].holder.set(8, 1);
    vgic::refresh_all(*v0.vm);
    EXPECT_FALSE(host::guest_is_interrupted());
    board.enter(v1);
    EXPECT_EQ(take_all(board), Taken{40});
}

TEST(Vgic, WfiReturnsAtOnceOnlyForWhatCouldBeTaken) {
    Board board;
    Vcpu& v = board.run_first();
    EXPECT_FALSE(vgic::has_pending(v));
    enable(v, 40, 0xa0, edge);
    vgic::raise(v, 40);
    EXPECT_TRUE(vgic::has_pending(v));
    EXPECT_EQ(acknowledge_one(), 40u);
    EXPECT_FALSE(vgic::has_pending(v)) << "what is being handled does not wake";
}

TEST(Vgic, ResetForgetsEverythingButItsWires) {
    Board board{{{.spi = 79}}};
    Vcpu& v = board.run_first();
    enable(v, 79), enable(v, 5), enable(v, timer);
    vgic::raise(v, 79), vgic::raise(v, 5);
    v.vgic.vmcr = 7, v.vgic.apr[0] = 1;
    sched::stop(v);
    vgic::reset(board.vm());
    auto const& spi = vgic::bank(v, 79);
    EXPECT_EQ(spi.enabled | spi.pending | spi.active | spi.listed | spi.group1, 0u);
    EXPECT_EQ(spi.hardware, vgic::mask(79));
    EXPECT_EQ(v.vgic.own.hardware, vgic::mask(timer));
    EXPECT_EQ(v.vgic.own.edge, 0xffffu) << "SGIs are edges";
    EXPECT_EQ(v.vgic.own.enabled | v.vgic.own.pending | v.vgic.own.active | v.vgic.own.listed, 0u);
    EXPECT_EQ(v.vgic.vmcr | v.vgic.apr[0], 0u);
    EXPECT_EQ(board.vm().vgic.ctlr, 0u);
}

TEST(PhysicalTimer, IsALevelThatTheGuestSilences) {
    Board board;
    Vcpu& v = board.run_first();
    enable(v, phys_timer);
    vgic::set_line(v, phys_timer, true);
    EXPECT_EQ(acknowledge_one(), phys_timer);
    vgic::set_line(v, phys_timer, false);
    guest_end(phys_timer);
    EXPECT_EQ(take_all(board), Taken{});
}

}  // namespace
}  // namespace tiffin
