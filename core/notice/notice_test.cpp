#include "core/notice/notice.hpp"

#include <gtest/gtest.h>

#include "core/lifecycle/lifecycle.hpp"
#include "core/testing.hpp"
#include "core/trap/trap.hpp"

namespace tiffin {
namespace {

using testing::Board;

trap::Misdeed read_of_nothing() {
    return {.what = "read", .size = 4, .where = trap::Where::Physical, .value = 0x1000, .remedy = "data abort injected"};
}

/// Console text up to the n-th line end.
std::size_t lines_in(std::string const& text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

TEST(Notice, AGuestsPathMakesNoText) {
    Board board;
    Vcpu& v = board.run_first();
    (void)board.said();
    trap::report(v, read_of_nothing());
    EXPECT_EQ(board.uart.sent, "");
    EXPECT_TRUE(board.console.busy());
    EXPECT_NE(board.said().find(": read of 4 bytes at 0x1000, nearest is "), std::string::npos);
}

TEST(Notice, ASubjectsTwoLinesAreNotParted) {
    Board board{{testing::VmSpec{}, testing::VmSpec{}}};
    Vcpu& v = board.run_first();
    (void)board.said();
    trap::report(v, read_of_nothing());
    for (char c : std::string{"me too\n"}) board.vm(1).console->put(c);
    auto const said = board.said();
    auto const read = said.find("read of 4 bytes"), remedy = said.find("data abort injected"), other = said.find("me too");
    ASSERT_NE(other, std::string::npos);
    EXPECT_LT(read, remedy);
    EXPECT_TRUE(other < read || remedy < other) << said;
}

TEST(Notice, AVmsLastWordsComeBeforeItsEnd) {
    Board board;
    board.run_first();
    (void)board.said();
    for (char c : std::string{"unfinished"}) board.vm().console->put(c);
    lifecycle::stop(board.vm(), VmState::Stopped, 3, {"exit with status ", 3});
    EXPECT_EQ(board.said(), "[vm0] unfinished\r\ntiffin: vm0: stopped: exit with status 3\r\n");
}

TEST(Notice, WhatFindsNoRoomIsCountedAndTold) {
    Board board;
    board.run_first();
    (void)board.said();
    for (std::uint32_t i = 0; i < 128 + 3; ++i) post({.vm = &board.vm(), .change = "starts anew: ", .why = "test"});
    auto const said = board.said();
    EXPECT_NE(said.find("tiffin: 3 lines of its own were dropped\r\n"), std::string::npos);
    EXPECT_EQ(lines_in(said), 128u + 1);
}

TEST(Notice, ABurstOfMisdeedsSaysHowManyWereNotShown) {
    Board board;
    Vcpu& v = board.run_first();
    (void)board.said();
    for (int i = 0; i < 20; ++i) trap::report(v, read_of_nothing());
    EXPECT_EQ(lines_in(board.said()), 16u) << "a burst is 8 misdeeds, of two lines each";
    board.hw().counter += 2 * board.hw().frequency;
    trap::report(v, read_of_nothing());
    EXPECT_NE(board.said().find("(12 more were not shown)"), std::string::npos);
}

}  // namespace
}  // namespace tiffin
