// What the device tree says of channels, and what it must not.
#include <gtest/gtest.h>

#include "guest/sdk/channel.hpp"
#include "guest/sdk/testing.hpp"

namespace tiffin::sdk {
namespace {

using testing::Blob;

Blob& add(Blob& blob, std::string const& name, std::uint32_t base, std::uint32_t size, std::uint32_t spi, std::uint32_t side) {
    return blob.node("channel@" + std::to_string(base))
        .prop("compatible", std::string{"tiffin,channel\0", 15})
        .prop("reg", Blob::range(base, size) + Blob::range(0x0a80'0000 + (spi - 112) * 0x1000, 0x1000))
        .prop("interrupts", Blob::big(0) + Blob::big(spi) + Blob::big(1))
        .prop("tiffin,name", name + '\0')
        .prop("tiffin,peer", std::string{"other\0", 6})
        .prop("tiffin,side", Blob::big(side))
        .end();
}

std::vector<std::byte> two_channels(std::uint32_t size = 0x4000, std::uint32_t side = 1) {
    Blob blob;
    blob.node("").prop("#address-cells", Blob::big(2)).prop("#size-cells", Blob::big(2));
    add(blob, "post", 0x0b00'0000, 0x2000, 112, 0);
    add(blob, "pictures", 0x0b00'2000, size, 113, side);
    return blob.end().bytes();
}

TEST(ChannelPlace, IsFoundByItsWholeName) {
    auto const blob = two_channels();
    auto const tree = DeviceTree::in(blob);
    auto const place = find_channel(tree, "pictures");
    ASSERT_TRUE(place);
    EXPECT_EQ(place->memory.base, 0x0b00'2000u);
    EXPECT_EQ(place->memory.size, 0x4000u);
    EXPECT_EQ(place->doorbell.base, 0x0a80'1000u);
    EXPECT_EQ(place->intid, 145u);
    EXPECT_EQ(place->own(), 0x0b00'4000u) << "side 1 writes the upper half";
    EXPECT_EQ(place->other(), 0x0b00'2000u);
    EXPECT_EQ(find_channel(tree, "post")->own(), 0x0b00'0000u);
    for (auto const* name : {"", "pos", "posts", "picture", "other"}) EXPECT_FALSE(find_channel(tree, name)) << name;
}

TEST(ChannelPlace, WhatMakesNoSenseIsNone) {
    for (auto const size : {0u, 0x1000u, 0x3000u, 0x2001u}) {
        auto const blob = two_channels(size);
        EXPECT_FALSE(find_channel(DeviceTree::in(blob), "pictures")) << size;
    }
    auto const blob = two_channels(0x4000, 2);
    EXPECT_FALSE(find_channel(DeviceTree::in(blob), "pictures")) << "no such side";
    EXPECT_FALSE(find_channel(DeviceTree{}, "pictures"));
}

TEST(ChannelPlace, EveryBitFlipIsSurvived) {
    auto const whole = two_channels();
    for (std::size_t at = 0; at < whole.size() * 8; ++at) {
        auto blob = whole;
        blob[at / 8] ^= std::byte{1} << at % 8;
        (void)find_channel(DeviceTree::in(blob), "pictures");
    }
}

}  // namespace
}  // namespace tiffin::sdk
