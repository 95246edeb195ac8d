#include "tool/description/units.hpp"

#include <gtest/gtest.h>

namespace tiffin {
namespace {

TEST(Units, ASizeNeedsAUnit) {
    EXPECT_EQ(parse_size("64 MiB"), 64u << 20);
    EXPECT_EQ(parse_size("64MiB"), 64u << 20);
    EXPECT_EQ(parse_size("0x10 KiB"), 16u << 10);
    EXPECT_EQ(parse_size("1_024 B"), 1024u);
    for (auto const* text : {"64", "64 MB", "64 mib", "MiB", " MiB", "-1 MiB", "1.5 GiB", "1 MiB x", "", "64\tMiB"}) {
        EXPECT_EQ(parse_size(text), std::nullopt) << text;
    }
}

TEST(Units, ASizeThatOverflowsIsRefused) {
    EXPECT_EQ(parse_size("17179869183 GiB"), 17179869183ull << 30);
    EXPECT_EQ(parse_size("17179869184 GiB"), std::nullopt);
}

TEST(Units, NumbersAreDecimalOrHexadecimalWithGroups) {
    EXPECT_EQ(parse_number("0x4000_0000"), 0x4000'0000u);
    EXPECT_EQ(parse_number("18446744073709551615"), ~0ull);
    for (auto const* text : {"18446744073709551616", "0x", "_1", "1_", "+1", "0b1", "1e3", "0xg", "1 "}) {
        EXPECT_EQ(parse_number(text), std::nullopt) << text;
    }
}

TEST(Units, ATimeNeedsAUnit) {
    EXPECT_EQ(parse_time("200 us"), 200'000u);
    EXPECT_EQ(parse_time("1ms"), 1'000'000u);
    EXPECT_EQ(parse_time("7 ns"), 7u);
    EXPECT_EQ(parse_time("3 s"), 3'000'000'000u);
    for (auto const* text : {"200", "1 Ms", "ms", "-1 ms", "1.5 ms", "1 min", "", "18446744074 s"})
        EXPECT_EQ(parse_time(text), std::nullopt) << text;
}

TEST(Units, TimesArePrintedInTheLargestUnitThatDividesThem) {
    EXPECT_EQ(time_text(1'500'000), "1500 us");
    EXPECT_EQ(time_text(2'000'000'000), "2 s");
    EXPECT_EQ(time_text(999), "999 ns");
    EXPECT_EQ(time_text(0), "0 ns");
}

TEST(Units, SizesArePrintedInTheLargestUnitThatDividesThem) {
    EXPECT_EQ(size_text(64 << 20), "64 MiB");
    EXPECT_EQ(size_text(65538), "65538 B");
    EXPECT_EQ(size_text(0), "0 B");
    EXPECT_EQ(size_text(3ull << 30), "3 GiB");
}

}  // namespace
}  // namespace tiffin
