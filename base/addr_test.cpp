#include "base/addr.hpp"

#include <cstdint>
#include <gtest/gtest.h>
#include <type_traits>

namespace tiffin {
namespace {

constexpr std::uint64_t top = ~std::uint64_t{0};

TEST(Addr, WorldsDoNotConvertIntoEachOther) {
    EXPECT_FALSE((std::is_convertible_v<Pa, Ipa>));
    EXPECT_FALSE((std::is_constructible_v<Ipa, Gva>));
    EXPECT_FALSE((std::is_convertible_v<std::uint64_t, Pa>));
}

TEST(Addr, AlignsDownToPagesAndBlocks) {
    EXPECT_EQ(Pa{0x4012'3456}.align_down(page_size), Pa{0x4012'3000});
    EXPECT_EQ(Pa{0x4012'3456}.align_down(large_page_size), Pa{0x4000'0000});
    EXPECT_TRUE(Pa{0x4020'0000}.aligned(large_page_size));
    EXPECT_FALSE(Pa{0x4020'1000}.aligned(large_page_size));
}

TEST(Addr, DistanceIsInBytes) {
    EXPECT_EQ(Ipa{0x1000} - Ipa{0x0ff0}, 0x10u);
    EXPECT_EQ(Ipa{0x1000} + 0x10, Ipa{0x1010});
}

TEST(Contains, HoldsTheWholeRegionAndNothingBeyondIt) {
    EXPECT_TRUE(contains(Ipa{0x1000}, 0x1000, Ipa{0x1000}, 0x1000));
    EXPECT_TRUE(contains(Ipa{0x1000}, 0x1000, Ipa{0x1fff}, 1));
    EXPECT_FALSE(contains(Ipa{0x1000}, 0x1000, Ipa{0x1fff}, 2));
    EXPECT_FALSE(contains(Ipa{0x1000}, 0x1000, Ipa{0x0fff}, 1));
    EXPECT_FALSE(contains(Ipa{0x1000}, 0x1000, Ipa{0x2000}, 1));
}

TEST(Contains, AnEmptyRangeFitsAtTheEnd) {
    EXPECT_TRUE(contains(Ipa{0x1000}, 0x1000, Ipa{0x2000}, 0));
    EXPECT_FALSE(contains(Ipa{0x1000}, 0x1000, Ipa{0x2001}, 0));
}

TEST(Contains, AnAccessThatWrapsAroundIsOutside) {
    EXPECT_FALSE(contains(Ipa{0x1000}, 0x1000, Ipa{top - 3}, 8));
    EXPECT_FALSE(contains(Ipa{0x1000}, 0x1000, Ipa{0x1800}, top));
    EXPECT_FALSE(contains(Ipa{0x1000}, 0x1000, Ipa{0x1800}, top - 0x7ff));
}

TEST(Contains, ARegionAtTheTopOfTheAddressSpaceWorks) {
    EXPECT_TRUE(contains(Ipa{top - 0xfff}, 0x1000, Ipa{top}, 1));
    EXPECT_FALSE(contains(Ipa{top - 0xfff}, 0x1000, Ipa{top}, 2));
    EXPECT_FALSE(contains(Ipa{top - 0xfff}, 0x1000, Ipa{0}, 1));
}

TEST(AlignUp, LeavesMultiplesAlone) {
    EXPECT_EQ(align_up(0, page_size), 0u);
    EXPECT_EQ(align_up(1, page_size), page_size);
    EXPECT_EQ(align_up(page_size, page_size), page_size);
    EXPECT_EQ(align_up(page_size + 1, page_size), 2 * page_size);
}

}  // namespace
}  // namespace tiffin
