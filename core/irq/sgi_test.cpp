// Interrupts that vCPUs send each other, of which GICv2 tells the sender.
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
constexpr auto v2 = abi::GicVersion::V2;
constexpr auto v3 = abi::GicVersion::V3;

TEST(Sgi, SentTwiceBeforeItIsTakenIsOne) {
    for (auto version : {v2, v3}) {
        Board board{{{.vcpus = 2}}, version};
        board.boot();
        Vcpu& v = board.vcpu(0, 0);
        board.enter(v);
        v.vm->vgic.ctlr = 3;
        enable(v, 3);
        vgic::send_sgi(v, v, 3);
        vgic::send_sgi(v, v, 3);
        EXPECT_EQ(take_all(board), Taken{3});
    }
}

TEST(Sgi, SentAgainDuringItsHandlerIsTakenAfterIt) {
    for (auto version : {v2, v3}) {
        Board board{{{.vcpus = 2}}, version};
        board.boot();
        Vcpu& v = board.vcpu(0, 0);
        board.enter(v);
        v.vm->vgic.ctlr = 3;
        enable(v, 3);
        vgic::send_sgi(v, v, 3);
        EXPECT_EQ(acknowledge_one(), 3u);
        vgic::send_sgi(v, v, 3);
        guest_end(3);
        EXPECT_EQ(take_all(board), Taken{3}) << "GICv" << static_cast<unsigned>(version);
    }
}

TEST(Sgi, OnGicv2EachSenderIsToldApart) {
    Board board{{{.vcpus = 3}}, v2};
    board.boot();
    Vcpu &v0 = board.vcpu(0, 0), &v1 = board.vcpu(0, 1), &v2nd = board.vcpu(0, 2);
    board.enter(v0);
    v0.vm->vgic.ctlr = 3;
    enable(v0, 3);
    vgic::send_sgi(v2nd, v0, 3);
    vgic::send_sgi(v1, v0, 3);
    std::vector<std::uint32_t> senders;
    while (auto const got = guest_acknowledge()) {
        EXPECT_EQ(got->intid, 3u);
        senders.push_back(got->source);
        guest_end(3);
        board.maintain();
    }
    std::ranges::sort(senders);
    EXPECT_EQ(senders, (std::vector<std::uint32_t>{1, 2}));
}

TEST(Sgi, OnGicv2TheSenderOutlivesALossOfTheCore) {
    Board board{{{.vcpus = 2}}, v2};
    board.boot();
    Vcpu &v0 = board.vcpu(0, 0), &v1 = board.vcpu(0, 1);
    board.enter(v0);
    v0.vm->vgic.ctlr = 3;
    enable(v0, 3);
    vgic::send_sgi(v1, v0, 3);
    board.enter(v1);
    vgic::refresh(v0);
    board.enter(v0);
    auto const got = guest_acknowledge();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->source, 1u);
}

TEST(Sgi, WhileTheReceiverIsPreemptedInItsHandlerIsNotLost) {
    for (auto version : {v2, v3}) {
        Board board{{{.vcpus = 2}}, version};
        board.boot();
        Vcpu &v0 = board.vcpu(0, 0), &v1 = board.vcpu(0, 1);
        board.enter(v0);
        v0.vm->vgic.ctlr = 3;
        enable(v0, 3);
        vgic::send_sgi(v1, v0, 3);
        EXPECT_EQ(acknowledge_one(), 3u);
        board.enter(v1);
        vgic::send_sgi(v1, v0, 3);
        board.enter(v0);
        guest_end(3);
        EXPECT_EQ(take_all(board), Taken{3}) << "GICv" << static_cast<unsigned>(version);
    }
}

}  // namespace
}  // namespace tiffin
