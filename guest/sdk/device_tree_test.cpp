#include "guest/sdk/device_tree.hpp"

#include <cstddef>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "guest/sdk/testing.hpp"

namespace tiffin::sdk {
namespace {

using testing::Blob;

std::vector<std::byte> sample() {
    return Blob{}
        .node("")
        .prop("#address-cells", Blob::big(2))
        .prop("#size-cells", Blob::big(2))
        .node("chosen")
        .prop("bootargs", std::string{"a=1 metronome.jobs=50\0", 22})
        .end()
        .node("uart@9000000")
        .prop("reg", Blob::range(0x900'0000, 0x1000))
        .prop("compatible", std::string{"arm,pl011\0arm,primecell\0", 24})
        .end()
        .node("gic@8000000")
        .prop("compatible", std::string{"arm,gic-v3\0", 11})
        .prop("reg", Blob::range(0x800'0000, 0x1'0000) + Blob::range(0x80a'0000, 0x2'0000))
        .end()
        .end()
        .bytes();
}

TEST(DeviceTree, FindsRegistersWhateverTheOrderOfProperties) {
    auto const blob = sample();
    auto const tree = DeviceTree::in(blob);
    EXPECT_EQ(tree.find_reg("arm,pl011")->base, 0x900'0000u);
    EXPECT_EQ(tree.find_reg("arm,primecell")->size, 0x1000u);
    EXPECT_EQ(tree.find_reg("arm,gic-v3", 1)->base, 0x80a'0000u);
    EXPECT_FALSE(tree.find_reg("arm,gic-v3", 2));
    EXPECT_FALSE(tree.find_reg("arm,gic"));
}

TEST(DeviceTree, ReadsTheBootArguments) {
    auto const blob = sample();
    EXPECT_EQ(DeviceTree::in(blob).boot_arguments(), "a=1 metronome.jobs=50");
}

TEST(DeviceTree, OtherBytesAndAddressZeroAreAnEmptyTree) {
    std::vector<std::byte> const blob(64);
    EXPECT_TRUE(DeviceTree::in(blob).empty());
    EXPECT_TRUE(DeviceTree::at(0).empty());
    EXPECT_EQ(DeviceTree{}.boot_arguments(), "");
}

TEST(DeviceTree, EveryTruncationIsSurvived) {
    auto const whole = sample();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        std::vector<std::byte> const part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_TRUE(DeviceTree::in(part).empty()) << size;
    }
}

TEST(DeviceTree, EveryBitFlipIsSurvived) {
    auto const whole = sample();
    for (std::size_t at = 0; at < whole.size() * 8; ++at) {
        auto blob = whole;
        blob[at / 8] ^= std::byte{1} << at % 8;
        auto const tree = DeviceTree::in(blob);
        (void)tree.find_reg("arm,gic-v3", 1);
        (void)tree.boot_arguments();
    }
}

TEST(Argument, IsFoundByItsWholeName) {
    EXPECT_EQ(argument("ab=1 b=2  c=", "b").value(), "2");
    EXPECT_EQ(argument("ab=1 b=2  c=", "c").value(), "");
    EXPECT_FALSE(argument("ab=1", "b"));
    EXPECT_FALSE(argument("a=1", "b"));
    EXPECT_FALSE(argument("", "b"));
}

TEST(Argument, NumberThatIsNoneOrTooLargeGivesTheFallback) {
    EXPECT_EQ(argument("n=12", "n", 7), 12u);
    EXPECT_EQ(argument("n=12x", "n", 7), 7u);
    EXPECT_EQ(argument("n=", "n", 7), 7u);
    EXPECT_EQ(argument("n=18446744073709551615", "n", 7), ~0ull);
    EXPECT_EQ(argument("n=18446744073709551616", "n", 7), 7u);
}

}  // namespace
}  // namespace tiffin::sdk
