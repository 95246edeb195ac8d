#include "guest/linux/player/view.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace player {
namespace {

constexpr std::int32_t width = 800, height = 440;

struct Window {
    std::vector<std::uint32_t> pixels = std::vector<std::uint32_t>(width * height, 0x123456);
    Canvas canvas{pixels, width, height};

    explicit Window(State const& state) { draw_all(canvas, "THE WALK HOME", state); }
    [[nodiscard]] Colour at(std::int32_t x, std::int32_t y) const { return pixels[static_cast<std::size_t>(y * width + x)]; }
    /// These words stand there, and nothing else on the paper behind them.
    [[nodiscard]] bool says(std::int32_t x, std::int32_t y, std::string_view words, Colour colour, std::int32_t scale) const {
        std::vector<std::uint32_t> expected(pixels.size(), paper);
        Canvas{expected, width, height}.text(x, y, words, colour, scale);
        auto const wide = static_cast<std::int32_t>(words.size()) * Canvas::advance * scale;
        for (std::int32_t row = y; row < y + 7 * scale; ++row)
            for (std::int32_t column = x; column < x + wide; ++column)
                if (expected[static_cast<std::size_t>(row * width + column)] != at(column, row)) return false;
        return true;
    }
};

bool inside(Rect const& where, std::int32_t x, std::int32_t y) {
    return x >= where.x && x < where.x + where.width && y >= where.y && y < where.y + where.height;
}

TEST(PlayersView, TheClockSaysHoursMinutesAndSeconds) {
    EXPECT_TRUE(Window{{.seconds = 0}}.says(400, 190, "00:00:00", ink, 7));
    EXPECT_TRUE((Window{{.seconds = 12 * 3600 + 34 * 60 + 56}}.says(400, 190, "12:34:56", ink, 7)));
    EXPECT_FALSE(Window{{.seconds = 1}}.says(400, 190, "00:00:00", ink, 7));
}

TEST(PlayersView, WhileNothingPlaysTheClockHasNoSeconds) {
    State const paused{.seconds = 3600 + 34 * 60 + 56, .length = 9, .paused = true};
    EXPECT_TRUE(Window{paused}.says(400, 190, "01:34   ", ink, 7));
    auto later = paused;
    later.seconds += 3;
    EXPECT_EQ(Window{later}.pixels, Window{paused}.pixels);
    EXPECT_TRUE((Window{{.played = 9, .length = 9}}.says(400, 190, "00:00   ", ink, 7)));
}

TEST(PlayersView, ThePointerIsAnArrowWithNothingBesideIt) {
    std::vector<std::uint32_t> pixels(64 * 64, 1);
    Canvas canvas{pixels, 64, 64};
    draw_pointer(canvas);
    EXPECT_EQ(pixels[0], 0xff'00'00'00u) << "its tip";
    EXPECT_EQ(pixels[8 * 64 + 4], 0xff'00'00'00u | ink);
    EXPECT_EQ(pixels[8 * 64 + 9], 0u);
    EXPECT_EQ(pixels[static_cast<std::size_t>(pointer_height) * 64], 0u);
}

TEST(PlayersView, TheBarIsAsLongAsTheSongHasCome) {
    Window const window{{.played = 15, .length = 60}};
    EXPECT_EQ(window.at(400, 280), accent);
    EXPECT_EQ(window.at(400 + 89, 295), accent);
    EXPECT_EQ(window.at(400 + 90, 280), rest);
    EXPECT_EQ(window.at(400 + 359, 295), rest);
    EXPECT_EQ(window.at(400 + 360, 280), paper);
    EXPECT_TRUE(window.says(400, 310, "00:15 / 01:00", ink, 3));
}

TEST(PlayersView, SaysWhetherTheSongIsHeard) {
    EXPECT_TRUE(Window{{.length = 60}}.says(400, 345, "PLAYING", accent, 3));
    EXPECT_TRUE((Window{{.length = 60, .paused = true}}.says(400, 345, "PAUSED ", accent, 3)));
    EXPECT_TRUE((Window{{.played = 60, .length = 60}}.says(400, 345, "ENDED ", accent, 3)));
}

TEST(PlayersView, ASecondLaterThePictureIsAsIfAllOfItHadBeenDrawn) {
    Window window{{.seconds = 59, .played = 9, .length = 60}};
    State const later{.seconds = 60, .played = 10, .length = 60, .paused = true};
    draw_state(window.canvas, later);
    EXPECT_EQ(window.pixels, Window{later}.pixels);
}

TEST(PlayersView, WhatASecondChangesIsWhereItSays) {
    Window window{{.seconds = 0, .length = 60}};
    auto const before = window.pixels;
    auto const where = draw_state(window.canvas, {.seconds = 86'399, .played = 60, .length = 60, .paused = true});
    EXPECT_TRUE(where.x >= 0 && where.y >= 0 && where.x + where.width <= width && where.y + where.height <= height);
    EXPECT_LT(where.width * where.height, width * height / 4) << "the cover is not sent again each second";
    for (std::int32_t y = 0; y < height; ++y)
        for (std::int32_t x = 0; x < width; ++x)
            if (!inside(where, x, y)) {
                ASSERT_EQ(window.at(x, y), before[static_cast<std::size_t>(y * width + x)]) << x << ' ' << y;
            }
}

TEST(PlayersView, ASmallScreenShowsItsCorner) {
    std::vector<std::uint32_t> pixels(100 * 80, 0x123456);
    Canvas canvas{pixels, 100, 80};
    draw_all(canvas, "THE WALK HOME", {});
    Window const whole{{}};
    for (std::int32_t y = 0; y < 80; ++y)
        for (std::int32_t x = 0; x < 100; ++x) ASSERT_EQ(pixels[static_cast<std::size_t>(y * 100 + x)], whole.at(x, y));
}

TEST(PlayersView, NamesTheSongBesideItsCover) {
    Window const window{{}};
    EXPECT_TRUE(window.says(400, 70, "THE WALK HOME", ink, 4));
    EXPECT_EQ(window.at(40, 60), 0x302890u) << "the evening sky begins";
    EXPECT_EQ(window.at(39, 60), paper);
    EXPECT_EQ(window.at(359, 379), 0xcf7741u) << "and ends";
    EXPECT_EQ(window.at(360, 379), paper);
}

}  // namespace
}  // namespace player
