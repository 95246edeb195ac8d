// Doorbells between VMs, and who can reach the memory that they share.
#include "core/channel/channel.hpp"

#include <gtest/gtest.h>

#include "core/hypercall/hypercall.hpp"
#include "core/testing.hpp"
#include "core/trap/trap.hpp"

namespace tiffin {
namespace {

using armv8::Descriptor;
using testing::acknowledge_one;
using testing::Board;
using testing::channel_size;
using testing::enable;
using testing::shared_memory;
using testing::VmSpec;
namespace map = abi::guest_map;

constexpr std::uint32_t doorbell = map::channel_intid;

/// VMs 0 and 1 have a channel, VM 2 has none. Their doorbells are enabled.
struct Trio : Board {
    explicit Trio(std::vector<unsigned> const& cores = {0, 0, 0})
        : Board{{VmSpec{.cores = {cores[0]}, .channel_with = 1}, VmSpec{.cores = {cores[1]}, .channel_with = 0},
                 VmSpec{.cores = {cores[2]}}}} {
        boot();
        for (unsigned i = 0; i < 2; ++i) {
            vm(i).vgic.ctlr = 3;
            enable(vcpu(i), doorbell, 0xa0, true);
        }
    }
    /// The core sleeps, takes what is sent to it, and enters whom that made ready.
    void wake_core(unsigned core) {
        host::on_core(core);
        hw().on_sleep = [] {};
        run();
        hw().on_sleep = nullptr;
    }
};

/// The leaf for guest address `at`, or 0.
std::uint64_t leaf(Vm const& vm, std::uint64_t at) {
    namespace g = armv8::geometry;
    auto const* table = reinterpret_cast<std::uint64_t const*>(vm.stage2.root().raw());
    for (unsigned level = g::first_level;; ++level) {
        auto const d = table[g::index(at, level)];
        if (!Descriptor::is_valid(d)) return 0;
        if (!Descriptor::is_table(d, level)) return d;
        table = reinterpret_cast<std::uint64_t const*>(Descriptor::address(d).raw());
    }
}

TEST(ChannelMemory, EachSideWritesItsHalfAndReadsTheOther) {
    Trio board;
    auto const half = channel_size / 2;
    for (std::uint64_t side = 0; side < 2; ++side) {
        for (std::uint64_t n = 0; n < 2; ++n) {
            auto const d = leaf(board.vm(side), map::channel_memory + n * half);
            EXPECT_EQ(Descriptor::address(d), Pa{shared_memory + n * half}) << side << n;
            EXPECT_EQ(armv8::Stage2::writable(d), n == side) << side << n;
            EXPECT_EQ(armv8::Stage2::XN::get(d), armv8::Stage2::never_execute) << side << n;
        }
    }
}

TEST(ChannelMemory, NobodyElseHasIt) {
    Trio board;
    for (std::uint64_t at = 0; at < channel_size; at += page_size) EXPECT_EQ(leaf(board.vm(2), map::channel_memory + at), 0u);
    EXPECT_EQ(leaf(board.vm(0), map::channel_memory - page_size), 0u);
    EXPECT_EQ(leaf(board.vm(0), map::channel_memory + channel_size), 0u);
}

TEST(Channel, ARingIsAnEdgeAtThePeerAlone) {
    Trio board;
    board.enter(board.vcpu(0));
    EXPECT_TRUE(channel::ring(board.vcpu(0), 0));
    board.enter(board.vcpu(2));
    EXPECT_FALSE(host::guest_is_interrupted());
    board.enter(board.vcpu(1));
    EXPECT_EQ(acknowledge_one(), doorbell);
    host::guest_end(doorbell);
    board.enter(board.vcpu(0));
    EXPECT_FALSE(host::guest_is_interrupted());
    board.enter(board.vcpu(1));
    EXPECT_FALSE(host::guest_is_interrupted()) << "once";
}

TEST(Channel, ASleepingPeerIsWoken) {
    Trio board;
    board.enter(board.vcpu(1));
    sched::block(board.vcpu(1));
    board.run();
    channel::ring(board.vcpu(0), 0);
    EXPECT_EQ(board.vcpu(1).state, VcpuState::Ready);
}

TEST(Channel, ARingWhileTheLastIsHandledComesAfterIt) {
    Trio board;
    board.enter(board.vcpu(1));
    channel::ring(board.vcpu(0), 0);
    EXPECT_EQ(acknowledge_one(), doorbell);
    channel::ring(board.vcpu(0), 0);
    host::guest_end(doorbell);
    board.maintain();
    EXPECT_EQ(acknowledge_one(), doorbell);
}

TEST(Channel, OnlyItsOwnChannelsCanBeRung) {
    Trio board;
    Vcpu& v = board.vcpu(0);
    auto const call = [&](Vcpu& by, std::uint64_t index) {
        by.regs.x[0] = static_cast<std::uint64_t>(abi::Call::ChannelRing), by.regs.x[1] = index;
        trap::on_hypercall(by);
        return static_cast<abi::Error>(by.regs.x[0]);
    };
    EXPECT_EQ(call(v, 0), abi::Error::Success);
    for (auto const index : {1ull, 31ull, 32ull, 1ull << 32, ~0ull})
        EXPECT_EQ(call(v, index), abi::Error::InvalidParameter) << index;
    EXPECT_EQ(call(board.vcpu(2), 0), abi::Error::InvalidParameter);
}

TEST(Channel, AVmThatIsNotThereHearsNothingAndIsNotStarted) {
    Trio board;
    lifecycle::stop(board.vm(1), VmState::Stopped, 0, {});
    while (lifecycle::step(board.vm(1))) {
    }  // its memory is scrubbed
    EXPECT_TRUE(channel::ring(board.vcpu(0), 0));
    EXPECT_EQ(board.vcpu(1).state, VcpuState::Off);
    EXPECT_EQ(channel::peer(board.vm(0), 0), 0u);
}

TEST(Channel, ThePeersLivesAreCounted) {
    Trio board;
    EXPECT_EQ(channel::peer(board.vm(0), 0), 1u);
    board.vm(1).resets = 0x1'0000'0002;
    EXPECT_EQ(channel::peer(board.vm(0), 0), 0x201u);
    EXPECT_EQ(channel::peer(board.vm(0), 1), 0u);
    EXPECT_EQ(channel::peer(board.vm(2), 0), 0u);
}

TEST(ChannelAcrossCores, ARingWakesThePeerOnItsCore) {
    Trio board{{0, 1, 1}};
    board.wake_core(1);
    board.enter(board.vcpu(1));
    sched::block(board.vcpu(1));
    board.run();
    board.go_to(0);
    board.run();
    channel::ring(board.vcpu(0), 0);
    EXPECT_EQ(board.vcpu(1).state, VcpuState::Blocked) << "its own core's business";
    board.go_to(1);
    board.enter(board.vcpu(1));
    EXPECT_EQ(acknowledge_one(), doorbell);
}

/// Rings from core 0, and lets core 1 take what comes, `times` times. How many interrupts core 1 had.
std::uint64_t storm(Trio& board, int times) {
    std::uint64_t sent = 0;
    for (int n = 0; n < times; ++n) {
        host::on_core(0);
        auto const before = board.hw().sgis_sent;
        channel::ring(board.vcpu(0), 0);
        sent += board.hw().sgis_sent - before;
        host::on_core(1);
        while (irq::handle_one(board.cpu())) {
        }
    }
    return sent;
}

TEST(ChannelAcrossCores, AStormDisturbsTheOtherCoreOnceUntilThePeerHasHadItsTurn) {
    Trio board{{0, 1, 1}};
    board.wake_core(1);
    board.enter(board.vcpu(2));  // the peer is ready, or asleep, and not on its core
    EXPECT_EQ(storm(board, 1000), 1u);
    board.enter(board.vcpu(1));
    EXPECT_EQ(acknowledge_one(), doorbell);
    host::guest_end(doorbell);
    board.enter(board.vcpu(2));
    EXPECT_EQ(storm(board, 1000), 1u) << "and again";
    board.enter(board.vcpu(1));
    EXPECT_EQ(acknowledge_one(), doorbell);
}

TEST(ChannelAcrossCores, APeerThatRunsHearsEachRing) {
    Trio board{{0, 1, 1}};
    board.wake_core(1);
    board.enter(board.vcpu(1));
    for (int n = 0; n < 3; ++n) {
        EXPECT_EQ(storm(board, 1), 1u);
        EXPECT_EQ(acknowledge_one(), doorbell);
        host::guest_end(doorbell);
    }
}

TEST(ChannelAcrossCores, ADoorbellThatStoodInASavedListRegisterOpensTheGateToo) {
    Trio board{{0, 1, 1}};
    board.wake_core(1);
    board.enter(board.vcpu(1));
    EXPECT_EQ(storm(board, 1), 1u);
    board.enter(board.vcpu(2));  // the doorbell goes with it, not yet acknowledged
    EXPECT_EQ(storm(board, 5), 1u);
    board.enter(board.vcpu(1));
    EXPECT_EQ(acknowledge_one(), doorbell);
    host::guest_end(doorbell);
    EXPECT_EQ(storm(board, 1), 1u);
    EXPECT_EQ(acknowledge_one(), doorbell);
}

TEST(ChannelAcrossCores, ARingThatIsStillInTheMailWhenTheGateOpensIsNotLost) {
    Trio board{{0, 1, 1}};
    board.wake_core(1);
    board.enter(board.vcpu(2));
    storm(board, 1);
    board.vm(1).channels->gate = 0;  // as if its turn had begun on the way
    host::on_core(0);
    channel::ring(board.vcpu(0), 0);
    channel::open_gate(board.vm(1));
    EXPECT_EQ(board.vm(1).channels->gate, 1u) << "a second one needs no mail";
    board.go_to(1);
    board.enter(board.vcpu(1));
    EXPECT_EQ(acknowledge_one(), doorbell);
    EXPECT_EQ(board.vm(1).channels->gate, 0u);
}

TEST(ChannelAcrossCores, ManyChannelsRungAtOnceAreRaisedBankByBank) {
    Trio board{{0, 1, 1}};
    board.wake_core(1);
    board.enter(board.vcpu(1));
    auto& channels = *board.vm(1).channels;
    channels.gate = channels.rings = 0x8001'8001;  // the first and last of either bank, from other VMs
    channel::deliver(board.vm(1));
    EXPECT_EQ(board.vm(1).vgic.spi[(doorbell - 32) / 32].raised() | vgic::listed_bits(board.vcpu(1), 128, false), 0x8001'0000u);
    EXPECT_EQ(board.vm(1).vgic.spi[doorbell / 32].raised(), 0u) << "in the next path";
    EXPECT_EQ(channels.rings, 0x8001'0000u);
    EXPECT_EQ(channels.gate, 0x8001'0000u);
    board.go_to(1);
    EXPECT_EQ(board.vm(1).vgic.spi[doorbell / 32].raised(), 0x8001u);
    EXPECT_EQ(channels.gate, 0u);
}

TEST(ChannelAcrossCores, APeerThatStartsAnewHearsTheNextRing) {
    Trio board{{0, 1, 1}};
    board.wake_core(1);
    board.enter(board.vcpu(2));
    storm(board, 2);
    channel::forget(board.vm(1));
    EXPECT_EQ(storm(board, 1), 1u);
}

}  // namespace
}  // namespace tiffin
