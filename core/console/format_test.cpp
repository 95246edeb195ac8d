#include "core/console/format.hpp"

#include <gtest/gtest.h>
#include <limits>
#include <string>

namespace tiffin {
namespace {

TEST(Line, NumbersAreShownInDecimalWithTheirSign) {
    EXPECT_EQ((Line{} << "n=" << 0 << ' ' << -7 << ' ' << 42u).view(), "n=0 -7 42");
    EXPECT_EQ((Line{} << std::numeric_limits<std::uint64_t>::max()).view(), "18446744073709551615");
    EXPECT_EQ((Line{} << std::numeric_limits<std::int64_t>::min()).view(), "-9223372036854775808");
}

TEST(Line, HexHasNoLeadingZerosUnlessAsked) {
    EXPECT_EQ((Line{} << Hex{0}).view(), "0x0");
    EXPECT_EQ((Line{} << Hex{0x0900'0018}).view(), "0x9000018");
    EXPECT_EQ((Line{} << Hex{0x1f, 8}).view(), "0x0000001f");
    EXPECT_EQ((Line{} << Hex{~0ull, 16}).view(), "0xffffffffffffffff");
}

TEST(Line, ColumnsLineUp) {
    EXPECT_EQ(((Line{} << "ab").tab(6) << "c").view(), "ab    c");
    EXPECT_EQ(((Line{} << "abcdef").tab(3) << "g").view(), "abcdef g") << "two cells never touch";
    EXPECT_EQ(Line{}.right(7, 4).view(), "   7");
    EXPECT_EQ(Line{}.right(12345, 4).view(), "12345");
}

TEST(Line, WhatDoesNotFitIsCutAndSaysSo) {
    Line line;
    for (int i = 0; i < 50; ++i) line << "abcd";
    ASSERT_EQ(line.view().size(), Line::capacity);
    EXPECT_EQ(line.view().substr(Line::capacity - 6), "cdab..");
    EXPECT_EQ(line.tab(500).view().size(), Line::capacity);
}

TEST(Line, AFullLineIsNotACutOne) {
    Line line;
    line << std::string(Line::capacity, 'x');
    EXPECT_EQ(line.view(), std::string(Line::capacity, 'x'));
}

}  // namespace
}  // namespace tiffin
