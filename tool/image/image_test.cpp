#include <cstring>
#include <gtest/gtest.h>

#include "tool/image/arm64_image.hpp"
#include "tool/image/elf.hpp"
#include "tool/image/place.hpp"

namespace tiffin {
namespace {

SharedBytes fixture(char const* name) {
    std::string why;
    auto bytes = read_file(std::string{"tests/golden/files/"} + name, why);
    EXPECT_NE(bytes, nullptr) << why;
    return bytes;
}

Domain domain_of(ImageKind kind, char const* file, std::uint64_t memory) {
    Domain d;
    d.name.value = "a", d.memory.value = memory, d.image.kind = kind, d.image.path.value = file;
    d.cpus.push_back({});
    return d;
}

std::optional<GuestImage> placed(Domain const& domain) {
    FileCache files{Places{"tests/golden/files/device.yaml"}};
    Problems problems{"device.yaml"};
    auto image = place_image(domain, files, problems);
    EXPECT_EQ(problems.text(), "");
    return image;
}

TEST(Arm64Image, AHeaderIsKnownByItsMagic) {
    EXPECT_EQ(read_arm64_header(*fixture("kernel.Image"))->image_size, 0x1'0000u);
    EXPECT_FALSE(read_arm64_header(*fixture("raw.bin")));
    EXPECT_FALSE(read_arm64_header(std::span{*fixture("kernel.Image")}.first(63)));
}

TEST(Elf, EveryTruncationAndByteFlipIsSurvived) {
    auto const whole = fixture("two-segments.elf");
    std::string why;
    for (std::size_t n = 0; n < whole->size(); ++n) EXPECT_FALSE(Elf::open(std::span{*whole}.first(n), why)) << n;
    for (std::size_t i = 0; i < whole->size(); ++i) {
        auto changed = *whole;
        changed[i] ^= std::byte{0xff};
        auto const elf = Elf::open(changed, why);
        EXPECT_TRUE(!elf || elf->functions().size() <= changed.size());
    }
}

TEST(Placement, SegmentsThatTouchBecomeOnePieceAndBssNone) {
    auto const image = placed(domain_of(ImageKind::Elf, "two-segments.elf", 64 << 10));
    ASSERT_TRUE(image);
    ASSERT_EQ(image->pieces.size(), 1u);
    EXPECT_EQ(image->pieces[0].ipa, 0x4000'0000u);
    EXPECT_EQ(image->pieces[0].bytes->size(), 0x1010u);
    EXPECT_EQ(image->end, 0x4000'4000u) << "memory that the guest zeroes itself belongs to it";
}

TEST(Placement, AKernelLeavesRoomForItsTreeBelow) {
    auto const image = placed(domain_of(ImageKind::Kernel, "kernel.Image", 16 << 20));
    ASSERT_TRUE(image);
    EXPECT_EQ(image->entry, 0x4020'0000u);
    EXPECT_EQ(image->end, 0x4021'0000u) << "image_size counts, not the file's length";
    EXPECT_TRUE(image->tree_below);
}

TEST(Placement, TheTreeOfAnAppGoesToTheEndOfItsRam) {
    auto const domain = domain_of(ImageKind::Elf, "app.elf", 64 << 10);
    auto image = placed(domain);
    ASSERT_TRUE(image);
    Problems problems{"device.yaml"};
    EXPECT_EQ(place_tree(*image, Bytes(5000), domain, problems), 0x4000'e000u);
    EXPECT_EQ(image->pieces.back().what, "device tree");
}

}  // namespace
}  // namespace tiffin
