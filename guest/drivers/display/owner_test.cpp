#include "guest/drivers/display/owner.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace tiffin::display {
namespace {

/// A white picture of a client's, of 300 by 60, with its owner over it, drawn in rows of `at_once`.
std::vector<std::uint32_t> drawn(Owner const& owner, std::int32_t at_once) {
    std::vector<std::uint32_t> pixels(300 * 60, 0xff'ff'ff);
    for (std::int32_t y = 0; y < 60; y += at_once) {
        auto const rows = std::span{pixels}.subspan(static_cast<std::size_t>(300 * y), static_cast<std::size_t>(300 * at_once));
        Canvas canvas{rows, 300, at_once};
        owner.draw(canvas, rows, {0, y, 300, at_once});
    }
    return pixels;
}

TEST(Owner, OnlyItsLettersAreBright) {
    Owner owner{2, "linux", {10, 20, 300, 60}};
    owner.put_letters(20, 30);
    auto const pixels = drawn(owner, 60);
    std::size_t bright = 0;
    for (std::int32_t i = 0; i < 300 * 60; ++i) {
        if (pixels[static_cast<std::size_t>(i)] != Owner::ink) continue;
        auto const x = i % 300, y = i / 300;
        EXPECT_TRUE(x >= 20 && x < 20 + owner.wide() && y >= 30 && y < 30 + owner.high()) << x << ' ' << y;
        ++bright;
    }
    EXPECT_GT(bright, 500u);
    EXPECT_EQ(pixels[300 * 10 + 150], 0u + Owner::half(0xff'ff'ff) + Owner::half(Owner::colours[2]));
}

TEST(Owner, RowsThatAreDrawnApartMakeTheSamePicture) {
    Owner owner{1, "control", {0, 0, 300, 60}};
    owner.put_letters(5, 40);
    EXPECT_EQ(drawn(owner, 60), drawn(owner, 3));
}

TEST(Owner, LettersAreSmallWhereTheWindowIsNarrow) {
    Owner const wide{0, "gauge", {0, 0, 300, 48}}, narrow{0, "gauge", {0, 0, 120, 48}};
    EXPECT_EQ(wide.words().size(), narrow.words().size());
    EXPECT_EQ(wide.wide() - narrow.wide(), narrow.wide() - 2 * Owner::margin);
    EXPECT_LE(narrow.wide(), 120);
}

TEST(Owner, PlacesBeyondTheEdgesAreNumbersToo) { EXPECT_EQ((Owner{0, "a", {-10, 0, 4096, 7}}.words()), "a 4096x7+-10+0"); }

}  // namespace
}  // namespace tiffin::display
