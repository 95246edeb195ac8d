// Messages of PCI functions: while a VM is away from its core, each of its interrupts the others once.
#include "core/pci/messages.hpp"

#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "armv8/its.hpp"
#include "core/testing.hpp"

namespace tiffin {
namespace {

using testing::Board;
using Said = std::vector<std::string>;

struct RecordingMessages final : pci::Messages {
    Said said;
    bool breaks{false};
    void hold(std::uint32_t place, std::uint32_t which) override {
        said.push_back("hold " + std::to_string(place) + ' ' + std::to_string(which));
    }
    void release(std::uint32_t place) override { said.push_back("release " + std::to_string(place)); }
    void forget(std::uint32_t place) override { said.push_back("forget " + std::to_string(place)); }
    bool broke() override { return std::exchange(breaks, false); }
};

/// VM 0 has a function, and so has VM 1, at the second place in the plan.
struct TwoWithFunctions : ::testing::Test {
    Board board{{{.function = 8}, {.function = 16}}};
    RecordingMessages messages;
    TwoWithFunctions() {
        machine.messages = &messages;
        board.boot();
        board.enter(board.vcpu(1));
        testing::enable(board.vcpu(1), 82, 0xa0, true);
        board.vm(1).vgic.ctlr = 3;
    }
    void message() {
        board.hw().irq_pending.insert(armv8::first_lpi + abi::guest_map::msi_count + 2);
        board.take_interrupts();
    }
};

TEST_F(TwoWithFunctions, WhoeverRunsPaysForItsOwnAndIsToldOfEach) {
    for (int n = 0; n < 3; ++n) {
        message();
        EXPECT_EQ(testing::take_all(board), std::vector<std::uint32_t>{82});
    }
    EXPECT_TRUE(messages.said.empty());
}

TEST_F(TwoWithFunctions, OneThatComesForAVmThatIsAwayIsTheLastUntilItIsBack) {
    board.enter(board.vcpu(0));
    message();
    EXPECT_EQ(messages.said, Said{"hold 1 2"});
    messages.said.clear();
    board.enter(board.vcpu(1));
    EXPECT_EQ(messages.said, Said{"release 1"}) << "and nothing of VM 0's";
    EXPECT_EQ(testing::take_all(board), std::vector<std::uint32_t>{82});
    messages.said.clear();
    board.enter(board.vcpu(0));
    board.enter(board.vcpu(1));
    EXPECT_TRUE(messages.said.empty()) << "once";
}

TEST_F(TwoWithFunctions, OneThatWaitsWakesTheVmWhomeverItIsFor) {
    testing::enable(board.vcpu(1), 82, 0xa0, true);
    board.vm(1).vgic.ctlr = 0;  // nothing reaches the guest
    sched::block(board.vcpu(1));
    board.run();
    ASSERT_EQ(board.vcpu(1).state, VcpuState::Blocked);
    message();
    EXPECT_NE(board.vcpu(1).state, VcpuState::Blocked) << "or what comes behind it would wait for ever";
}

TEST_F(TwoWithFunctions, AVmThatStopsLeavesNothingHeld) {
    board.enter(board.vcpu(0));
    message();
    messages.said.clear();
    lifecycle::stop(board.vm(1), VmState::Stopped, 0, "test");
    EXPECT_EQ(messages.said, Said{"forget 1"});
}

TEST_F(TwoWithFunctions, AnItsThatTakesNoOrdersIsToldOf) {
    board.enter(board.vcpu(0));
    message();
    EXPECT_EQ(board.said(), "");
    messages.breaks = true;
    message();
    EXPECT_NE(board.said().find("the board's ITS is broken: messages of PCI functions may be lost"), std::string::npos);
}

}  // namespace
}  // namespace tiffin
