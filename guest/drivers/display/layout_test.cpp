#include "guest/drivers/display/layout.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace tiffin::display {
namespace {

/// Which window is seen where, row by row; `.`: none, `!`: two at once.
std::vector<std::string> map_of(Layout const& layout, std::int32_t width, std::int32_t height) {
    std::vector<std::string> rows(static_cast<std::size_t>(height), std::string(static_cast<std::size_t>(width), '.'));
    for (std::size_t window = 0; window < layout.count(); ++window)
        for (std::int32_t y = 0; y < height; ++y)
            layout.seen(window, y, -100, 100, [&](std::int32_t from, std::int32_t to) {
                for (auto x = from; x < to; ++x) {
                    auto& sign = rows[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)];
                    sign = sign == '.' ? static_cast<char>('0' + window) : '!';
                }
            });
    return rows;
}

using Rows = std::vector<std::string>;

TEST(Layout, LaterWindowsLieAboveEarlierOnes) {
    Layout layout{10, 4};
    layout.add({0, 0, 6, 3}, false);
    layout.add({4, 1, 4, 3}, false);
    EXPECT_EQ(map_of(layout, 10, 4), (Rows{"000000....", "00001111..", "00001111..", "....1111.."}));
}

TEST(Layout, WhatIsOnTopIsNeverCovered) {
    Layout layout{10, 3};
    layout.add({2, 1, 3, 1}, true);
    layout.add({0, 0, 10, 3}, false);
    layout.add({4, 0, 4, 3}, false);
    EXPECT_EQ(map_of(layout, 10, 3), (Rows{"1111222211", "1100022211", "1111222211"}));
}

TEST(Layout, NothingIsSeenBeyondTheScreen) {
    Layout layout{6, 2};
    layout.add({4, 1, 9, 9}, false);
    layout.add({20, 20, 5, 5}, false);
    EXPECT_EQ(map_of(layout, 6, 2), (Rows{"......", "....00"}));
}

TEST(Layout, AWindowWithoutASizeIsAllOfTheScreen) {
    Layout layout{3, 2};
    layout.add({0, 0, 0, 0}, false);
    EXPECT_EQ(layout.place(0), (Rect{0, 0, 3, 2}));
    EXPECT_EQ(map_of(layout, 3, 2), (Rows{"000", "000"}));
}

TEST(Layout, HasRoomForSoMany) {
    Layout layout{3, 2};
    for (std::size_t n = 0; n < Layout::max_windows; ++n) EXPECT_TRUE(layout.add({0, 0, 1, 1}, false));
    EXPECT_FALSE(layout.add({0, 0, 1, 1}, false));
}

TEST(Layout, AnEnlargedWindowLiesAboveAllThatIsNotOnTop) {
    Layout layout{10, 4};
    layout.add({0, 0, 10, 1}, true);
    layout.add({1, 1, 3, 2}, false);
    layout.add({3, 2, 3, 2}, false);
    Rows const before{"0000000000", ".111......", ".11222....", "...222...."};
    EXPECT_EQ(map_of(layout, 10, 4), before);
    EXPECT_TRUE(layout.enlarge(1));
    EXPECT_EQ(map_of(layout, 10, 4), (Rows{"0000000000", "1111111111", "1111111111", "1111111111"}));
    EXPECT_TRUE(layout.enlarge(Layout::floor));
    EXPECT_EQ(map_of(layout, 10, 4), before);
}

TEST(Layout, TheMostOfTheScreenIsTheLargestRectangleThatNothingOnTopTouches) {
    Layout layout{100, 60};
    layout.add({0, 0, 10, 10}, false);
    EXPECT_TRUE(layout.enlarge(0));
    EXPECT_EQ(layout.place(0), (Rect{0, 0, 100, 60}));
    layout.add({40, 50, 20, 20}, true);
    layout.add({-5, 0, 15, 5}, true);
    EXPECT_TRUE(layout.enlarge(0));
    EXPECT_EQ(layout.place(0), (Rect{10, 0, 90, 50})) << "and not {0, 5, 100, 45}, which has the same size: the first";
    EXPECT_EQ(layout.home(0), (Rect{0, 0, 10, 10}));
}

TEST(Layout, WhatLiesOnTopCannotBeEnlargedNorAnythingWhereNothingIsLeft) {
    Layout layout{10, 4};
    layout.add({0, 0, 3, 3}, false);
    layout.add({0, 0, 10, 1}, true);
    EXPECT_TRUE(layout.enlarge(0));
    EXPECT_FALSE(layout.enlarge(1));
    EXPECT_EQ(layout.enlarged(), 0u);
    layout.add({0, 1, 10, 3}, true);
    EXPECT_TRUE(layout.enlarge(Layout::floor));
    EXPECT_FALSE(layout.enlarge(0));
    EXPECT_EQ(layout.enlarged(), Layout::floor);
}

TEST(Layout, TheFloorIsSeenWhereNobodyHasAWindow) {
    Layout layout{6, 2};
    layout.add({1, 0, 2, 1}, false);
    std::string rows;
    for (std::int32_t y : {0, 1})
        layout.seen(Layout::floor, y, 0, 6,
                    [&](std::int32_t from, std::int32_t to) { rows += std::to_string(from) + '-' + std::to_string(to) + ' '; });
    EXPECT_EQ(rows, "0-1 3-6 0-6 ");
    EXPECT_FALSE(layout.is_free(Layout::floor, {0, 0, 6, 2}));
}

TEST(Layout, IsFreeWhereNobodyLiesAbove) {
    Layout layout{100, 100};
    EXPECT_TRUE(layout.add({0, 0, 100, 100}, false));
    EXPECT_TRUE(layout.add({40, 40, 30, 30}, false));
    EXPECT_TRUE(layout.is_free(0, {0, 0, 100, 40}));
    EXPECT_FALSE(layout.is_free(0, {0, 0, 100, 41}));
    EXPECT_TRUE(layout.is_free(1, {40, 40, 30, 30})) << "what lies below it covers nothing";
}

TEST(Layout, SeesAllOfWhatNobodyCoversAndLiesOnTheScreen) {
    Layout layout{100, 100};
    EXPECT_TRUE(layout.add({10, 10, 50, 50}, false));
    EXPECT_TRUE(layout.add({40, 40, 30, 30}, false));
    EXPECT_TRUE(layout.sees_all(0, {10, 10, 30, 50}));
    EXPECT_FALSE(layout.sees_all(0, {11, 10, 30, 50}));
    EXPECT_TRUE(layout.sees_all(1, {40, 40, 30, 30}));
    EXPECT_FALSE(layout.sees_all(1, {40, 40, 31, 30})) << "beyond its window";
}

}  // namespace
}  // namespace tiffin::display
