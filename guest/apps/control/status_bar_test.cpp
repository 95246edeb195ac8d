#include "guest/apps/control/status_bar.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace control {
namespace {

using tiffin::sdk::Canvas, tiffin::sdk::Colour;

struct Strip {
    std::vector<std::uint32_t> pixels = std::vector<std::uint32_t>(bar_width * bar_height, 0x123456);

    explicit Strip(Status const& status) {
        Canvas canvas{pixels, bar_width, bar_height};
        draw(canvas, status);
    }
    [[nodiscard]] Colour at(std::int32_t x, std::int32_t y) const { return pixels[static_cast<std::size_t>(y * bar_width + x)]; }
    /// The same words in a picture that has nothing else.
    [[nodiscard]] bool says(std::int32_t x, std::int32_t y, std::string_view words, std::int32_t scale) const {
        std::vector<std::uint32_t> expected(pixels.size(), at(0, 0));
        auto const wide = static_cast<std::int32_t>(words.size()) * Canvas::advance * scale;
        Canvas{expected, bar_width, bar_height}.text(x, y, words, ink, scale);
        for (std::int32_t row = y; row < y + 7 * scale; ++row)
            for (std::int32_t column = x; column < x + wide; ++column)
                if (expected[static_cast<std::size_t>(row * bar_width + column)] != at(column, row)) return false;
        return true;
    }
};

TEST(StatusBar, SaysHowWarmItIsAndWhatWasMissed) {
    Strip const strip{{.temperature = 60'049, .wanted = 60'000, .power = 500, .loops = 12'345, .missed = 2, .worst_ns = 1'810}};
    EXPECT_TRUE(strip.says(8, 9, "60.0 C", 3));
    EXPECT_TRUE(strip.says(352, 6, "LOOPS 12345 MISSED 2", 2));
    EXPECT_TRUE(strip.says(352, 26, "WORST 1810 NS LATE, SET 60.0 C", 1));
    EXPECT_FALSE(strip.says(8, 9, "60.1 C", 3));
    EXPECT_EQ(strip.at(0, 0), calm);
}

TEST(StatusBar, TheHeatersBarIsAsLongAsItsPower) {
    Strip const strip{{.power = 500}};
    EXPECT_EQ(strip.at(216, 20), heat);
    EXPECT_EQ(strip.at(216 + 59, 20), heat);
    EXPECT_EQ(strip.at(216 + 60, 20), dim);
    EXPECT_EQ(strip.at(216 + 120, 20), calm);
}

TEST(StatusBar, AnAlarmIsRedAndFrostHasAMinus) {
    Strip const strip{{.temperature = -5'000, .alarm = true, .fan = false}};
    EXPECT_EQ(strip.at(0, 0), alarmed);
    EXPECT_TRUE(strip.says(8, 9, "-5.0 C", 3));
    EXPECT_TRUE(strip.says(680, 9, "ALARM", 3));
    EXPECT_TRUE((Strip{{.fan = false}}.says(680, 9, "NO FAN", 3)));
}

}  // namespace
}  // namespace control
