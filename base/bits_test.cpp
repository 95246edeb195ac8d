#include "base/bits.hpp"

#include <cstdint>
#include <gtest/gtest.h>

namespace tiffin {
namespace {

enum class Granule : std::uint8_t { Size4K = 0, Size64K = 1, Size16K = 2 };

using Low = Field<3, 0>;
using High = Field<63, 60>;
using Typed = Field<15, 14, Granule>;  // VTCR_EL2.TG0
using Whole = Field<63, 0>;

TEST(Field, MaskCoversExactlyItsBits) {
    EXPECT_EQ(Low::mask, 0xfu);
    EXPECT_EQ(High::mask, 0xf000'0000'0000'0000u);
    EXPECT_EQ(Whole::mask, ~std::uint64_t{0});
    EXPECT_EQ(Whole::max, ~std::uint64_t{0});
}

TEST(Field, MakeCutsOffWhatDoesNotFit) { EXPECT_EQ(Low::make(0x1f), 0xfu); }

TEST(Field, SetChangesNoOtherBit) {
    EXPECT_EQ(Low::set(0xffff, 0), 0xfff0u);
    EXPECT_EQ(High::set(0, 0xa), 0xa000'0000'0000'0000u);
}

TEST(Field, GivesBackTheTypeThatItHolds) {
    EXPECT_EQ(Typed::get(Typed::make(Granule::Size16K)), Granule::Size16K);
    EXPECT_EQ(Typed::make(Granule::Size16K), 0x8000u);
}

TEST(Field, ABitIsABoolean) {
    EXPECT_TRUE(Bit<31>::get(0x8000'0000));
    EXPECT_FALSE(Bit<31>::get(0x7fff'ffff));
    EXPECT_EQ(Bit<63>::make(true), bit(63));
}

TEST(Disjoint, NeighboursAreAndOverlapsAreNot) {
    EXPECT_TRUE((disjoint<Field<7, 4>, Field<3, 0>, Field<63, 8>>()));
    EXPECT_FALSE((disjoint<Field<7, 4>, Field<4, 0>>()));
    EXPECT_FALSE((disjoint<Field<7, 4>, Field<3, 0>, Bit<5>>()));
    EXPECT_FALSE((disjoint<Whole, Bit<0>>()));
}

}  // namespace
}  // namespace tiffin
