#include "tool/debug/vm_target.hpp"

#include <gtest/gtest.h>

namespace tiffin::gdb {
namespace {

/// A hypervisor that gives answers made up beforehand, and remembers what it was asked.
class VmTargetTest : public testing::Test {
protected:
    std::optional<std::string> ask(std::string const& command) {
        asked += command + '\n';
        if (answers.empty()) return std::nullopt;
        auto const answer = answers.front();
        answers.erase(answers.begin());
        return answer;
    }

    std::vector<std::string> answers;
    std::string asked;
    VmTarget vm{2, [this](std::string const& command) { return ask(command); }};
};

TEST_F(VmTargetTest, LearnsWhatTheVmHasWhenItAttaches) {
    answers = {" 2 4 4"};
    EXPECT_TRUE(vm.attach());
    EXPECT_EQ(vm.vcpus(), 2u);
    EXPECT_EQ(vm.slots(Kind::Watch), 4u);
    EXPECT_EQ(asked, "a2\n");
}

TEST_F(VmTargetTest, IsRefusedByAnythingElse) {
    for (auto const* const answer : {" no", "", " 0 4 4", " 1 4", " 1 400 4"}) {
        answers = {answer};
        EXPECT_FALSE(vm.attach()) << answer;
    }
    EXPECT_FALSE(vm.attach()) << "the machine is gone";
}

TEST_F(VmTargetTest, RegistersComeSomeAtATime) {
    std::string eight = " ";
    for (int n = 0; n < 8; ++n) eight += "000000000000000" + std::to_string(n);
    answers = {eight, eight, eight, eight, eight};
    auto const values = vm.registers(1);
    ASSERT_TRUE(values);
    EXPECT_EQ((*values)[33], 1u);
    EXPECT_EQ(asked, "g1 0\ng1 8\ng1 10\ng1 18\ng1 20\n");
    answers = {eight, " 12"};
    EXPECT_FALSE(vm.registers(1));
    answers = {eight, " "};
    EXPECT_FALSE(vm.registers(1)) << "no endless asking for nothing";
}

TEST_F(VmTargetTest, ReadsToTheEndOfAPageAndAsFarAsThereIsMemory) {
    answers = {" aabb", " " + std::string(128, '1'), " no"};
    auto const bytes = vm.read(0, 0x1ffe, 100);
    EXPECT_EQ(bytes, "\xaa\xbb" + std::string(64, '\x11'));
    EXPECT_EQ(asked, "m0 1ffe 2\nm0 2000 40\nm0 2040 22\n");
    answers = {" no"};
    EXPECT_FALSE(vm.read(0, 0, 4));
}

TEST_F(VmTargetTest, WritesAreNumbersLowestByteFirst) {
    answers = {"", ""};
    EXPECT_TRUE(vm.write(0, 0x1ffe, "\x01\x02\x03\xff"));
    EXPECT_EQ(asked, "M0 1ffe 201 2\nM0 2000 ff03 2\n");
    answers = {" no"};
    EXPECT_FALSE(vm.write(0, 0, "x"));
}

TEST_F(VmTargetTest, WatchpointsStandBehindBreakpoints) {
    answers = {"", ""};
    EXPECT_TRUE(vm.set_slot(Kind::Break, 1, 0x4000, 0x1e7));
    EXPECT_TRUE(vm.set_slot(Kind::Watch, 1, 0x8000, 0x1ff7));
    EXPECT_EQ(asked, "b1 4000 1e7\nb5 8000 1ff7\n");
}

TEST_F(VmTargetTest, TellsOnceThatItHasStopped) {
    answers = {"", " no"};
    vm.stop();
    EXPECT_TRUE(vm.has_stopped());
    EXPECT_FALSE(vm.has_stopped());
    vm.stop();
    EXPECT_FALSE(vm.has_stopped()) << "it does not run";
}

TEST(ParseStop, KnowsWhyAVmStandsStill) {
    auto const stop = parse_stop("debug: ! 1 0x34 0x40001000");
    ASSERT_TRUE(stop);
    EXPECT_EQ(stop->why, Stop::Why::Watchpoint);
    EXPECT_EQ(stop->vcpu, 1u);
    EXPECT_EQ(stop->address, 0x4000'1000u);
    EXPECT_EQ(parse_stop("debug: ! 0 0x32 0x0")->why, Stop::Why::Step);
    EXPECT_EQ(parse_stop("debug: ! 0 0x3c 0x0")->why, Stop::Why::Breakpoint);
    for (auto const* const other : {"debug: = 1", "debug: ! ", "debug: ! x", ""}) EXPECT_FALSE(parse_stop(other)) << other;
}

}  // namespace
}  // namespace tiffin::gdb
