#include "guest/sdk/canvas.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace tiffin::sdk {
namespace {

struct Picture {
    static constexpr std::int32_t width = 12, height = 8;

    std::vector<std::uint32_t> pixels = std::vector<std::uint32_t>(width * height + 4, 0);
    Canvas canvas{pixels, width, height};

    /// Row by row, a sign for each colour.
    [[nodiscard]] std::vector<std::string> rows() const {
        std::vector<std::string> all(height, std::string(width, '.'));
        for (std::size_t y = 0; y < height; ++y)
            for (std::size_t x = 0; x < width; ++x)
                if (auto const colour = pixels[y * width + x]; colour != 0) all[y][x] = colour == 1 ? '#' : 'o';
        return all;
    }
    /// Nothing was drawn behind the picture's end.
    [[nodiscard]] bool whole() const {
        return std::all_of(pixels.end() - 4, pixels.end(), [](auto pixel) { return pixel == 0; });
    }
};

using Rows = std::vector<std::string>;

TEST(Canvas, FillsARectangle) {
    Picture picture;
    picture.canvas.fill({2, 1, 3, 2}, 1);
    EXPECT_EQ(picture.rows(), (Rows{"............", "..###.......", "..###.......", "............", "............",
                                    "............", "............", "............"}));
}

TEST(Canvas, WhatLiesOutsideIsNotDrawn) {
    Picture picture;
    picture.canvas.fill({-2, -3, 4, 4}, 1);
    picture.canvas.fill({10, 6, 100, 100}, 1);
    picture.canvas.fill({20, 20, 5, 5}, 1);
    picture.canvas.fill({5, 5, -3, 2}, 1);
    picture.canvas.text(8, -5, "WWW", 1, 3);
    EXPECT_EQ(picture.rows()[0].substr(0, 4), "##..");
    EXPECT_EQ(picture.rows()[7], "........####");
    EXPECT_EQ(picture.rows()[5], "........###.") << "of the letter, whose dots are 3 wide";
    EXPECT_TRUE(picture.whole());
}

TEST(Canvas, LettersHaveFiveBySevenDotsAndASpaceBetweenThem) {
    Picture picture;
    picture.canvas.text(0, 0, "Hi", 1);
    EXPECT_EQ(picture.rows(), (Rows{"#...#..###..", "#...#...#...", "#...#...#...", "#####...#...", "#...#...#...",
                                    "#...#...#...", "#...#..###..", "............"}));
}

TEST(Canvas, ABarShowsAPart) {
    Picture picture;
    picture.canvas.bar({0, 0, 10, 1}, 3, 10, 1, 2);
    picture.canvas.bar({0, 1, 10, 1}, 99, 10, 1, 2);
    picture.canvas.bar({0, 2, 10, 1}, 5, 0, 1, 2);
    picture.canvas.bar({0, 3, 10, 1}, 0xffff'ffff, 0xffff'ffff, 1, 2);
    EXPECT_EQ(picture.rows()[0], "###ooooooo..");
    EXPECT_EQ(picture.rows()[1], "##########..") << "full, and no more";
    EXPECT_EQ(picture.rows()[2], "oooooooooo..") << "of nothing";
    EXPECT_EQ(picture.rows()[3], "##########..");
}

}  // namespace
}  // namespace tiffin::sdk
