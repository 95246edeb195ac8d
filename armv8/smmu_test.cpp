#include "armv8/smmu.hpp"

#include <gtest/gtest.h>

namespace tiffin::armv8::smmu {
namespace {

// Values are written out from IHI 0070's figures.

TEST(StreamTableEntry, ThatIsZeroIsNotValidAndAnAbortingOneIs) {
    EXPECT_FALSE(Ste::V::get(Ste{}.words[0]));
    EXPECT_EQ(Ste::aborting().words[0], 0x1u);
}

TEST(StreamTableEntry, ByStage1PointsAtItsOneContextDescriptor) {
    auto const entry = Ste::by_stage1(Pa{0x4712'3440});
    EXPECT_EQ(entry.words[0], 0x4712'344bu) << "V, Config 0b101";
    EXPECT_EQ(entry.words[1], 1ull << 44) << "SHCFG: as it comes";
    EXPECT_EQ(entry.words[2], 0u);
}

TEST(StreamTableEntry, ByStage2HasTheFieldsOfVtcrAndVttbr) {
    auto const entry = Ste::by_stage2(Pa{0x4712'3000}, 7, 2);
    EXPECT_EQ(entry.words[0], 0b1101u) << "V, Config 0b110";
    EXPECT_EQ(entry.words[2], 7ull | 25ull << 32 | 1ull << 38 | 1ull << 40 | 1ull << 42 | 3ull << 44 | 2ull << 48 | 1ull << 51 |
                                  1ull << 53 | 1ull << 58);
    EXPECT_EQ(entry.words[2] >> 32 & 0xffff, Vtcr::make(39, 2, false) & 0x3fff) << "S2T0SZ to S2SH0 lie as in VTCR_EL2";
    EXPECT_EQ(entry.words[3], 0x4712'3000u);
}

TEST(ContextDescriptor, TranslatesByOneRootAndAbortsWithARecord) {
    auto const context = Cd::make(Pa{0x4712'3000}, 5, 2);
    EXPECT_EQ(context.words[0], 25ull | 1ull << 8 | 1ull << 10 | 3ull << 12 | 1ull << 30 | 1ull << 31 | 2ull << 32 | 1ull << 35 |
                                    1ull << 41 | 1ull << 45 | 1ull << 46 | 1ull << 47 | 5ull << 48);
    EXPECT_EQ(context.words[1], 0x4712'3000u);
    EXPECT_EQ(context.words[3] & 0xff, 0xffu) << "attribute 0: normal, write-back";
}

TEST(Stage1OfADevice, IsWritableWithoutPrivilegeAndNeverExecuted) {
    EXPECT_EQ(Descriptor::leaf(Pa{0x4020'0000}, 3, stage1_ram), (3ull << 53) | 0x4020'0f43);
}

TEST(Commands, AreEncodedAsDocumented) {
    EXPECT_EQ(Command::cfgi_ste(0x12).words[0], 0x12'0000'0003u);
    EXPECT_EQ(Command::cfgi_ste(0x12).words[1], 1u) << "the leaf alone";
    EXPECT_EQ(Command::cfgi_all().words[1], 31u);
    EXPECT_EQ(Command::sync().words[0], 0x46u);
}

TEST(Events, TellStreamDirectionAndAddress) {
    constexpr Event write{{0x0000'0008'0000'0010, 0, 0x6000'0000, 0}}, bad{{0x0000'0010'0000'0004, 0, 0, 0}};
    EXPECT_EQ(write.type(), 0x10);
    EXPECT_EQ(write.stream(), 8u);
    EXPECT_FALSE(write.is_read());
    EXPECT_TRUE((Event{{0x10, 1ull << 35}}.is_read()));
    EXPECT_EQ(write.address(), 0x6000'0000u);
    EXPECT_TRUE(write.has_address());
    EXPECT_FALSE(bad.has_address());
}

}  // namespace
}  // namespace tiffin::armv8::smmu
