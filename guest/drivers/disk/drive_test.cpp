#include "guest/drivers/disk/drive.hpp"

#include <gtest/gtest.h>

#include "guest/drivers/disk/drive_testing.hpp"

namespace tiffin::disk {
namespace {

using sdk::testing::Bytes;

struct OfABoard : ::testing::Test {
    OfABoard() { EXPECT_EQ(drive.start(), nullptr); }

    testing::FakeDrive hardware{16 * sector_bytes};
    sdk::QueueMemory memory{};
    Drive drive{hardware.device, memory};
    Bytes sectors = Bytes(2 * sector_bytes, std::byte{'x'});
};

TEST_F(OfABoard, ADriveTellsItsSizeAndKeepsWhatIsWritten) {
    EXPECT_EQ(drive.sectors(), 16u);
    EXPECT_TRUE(drive.write(3, sectors));
    EXPECT_EQ(hardware.bytes[3 * sector_bytes - 1], std::byte{0});
    EXPECT_EQ(hardware.bytes[5 * sector_bytes - 1], std::byte{'x'});
    Bytes back(sectors.size());
    EXPECT_TRUE(drive.read(3, back));
    EXPECT_EQ(back, sectors);
}

TEST_F(OfABoard, ADriveIsFlushedIfItCanBe) {
    EXPECT_TRUE(drive.flush());
    EXPECT_EQ(hardware.flushes, 1u);
    hardware.device.features &= ~abi::virtio::block::can_flush;
    ASSERT_EQ(drive.start(), nullptr);
    EXPECT_TRUE(drive.flush());
    EXPECT_EQ(hardware.flushes, 1u);
}

TEST_F(OfABoard, ADrivesErrorIsAnErrorAndNothingIsReset) {
    hardware.bad_sector = 3;
    EXPECT_FALSE(drive.write(3, sectors));
    EXPECT_FALSE(drive.read(3, sectors));
    EXPECT_TRUE(drive.read(4, sectors));
    EXPECT_EQ(hardware.device.resets, 1u);
}

TEST_F(OfABoard, AnAnswerWithoutAStatusIsAnError) {
    hardware.says_nothing = true;
    EXPECT_FALSE(drive.read(0, sectors));
}

TEST_F(OfABoard, ADriveThatAnswersWhatItWasNotAskedIsSetUpAnew) {
    hardware.device.lie = [](auto& used) { used.id = 7; };
    EXPECT_FALSE(drive.read(0, sectors));
    EXPECT_EQ(hardware.device.resets, 2u);
    hardware.device.lie = {};
    EXPECT_TRUE(drive.read(0, sectors));
}

TEST_F(OfABoard, ADriveThatClaimsMoreThanItHadRoomForIsSetUpAnew) {
    hardware.device.lie = [](auto& used) { used.length = 5000; };
    EXPECT_FALSE(drive.read(0, sectors));
    EXPECT_EQ(hardware.device.resets, 2u);
}

TEST_F(OfABoard, ADriveThatDoesNotComeBackIsTriedAgainByTheNextRequest) {
    hardware.device.state |= abi::virtio::needs_reset;
    hardware.device.serve = [](auto, auto const&) { return std::nullopt; };
    hardware.device.refuses = true;
    EXPECT_FALSE(drive.read(0, sectors));
    EXPECT_FALSE(drive.read(0, sectors));
    EXPECT_EQ(hardware.device.resets, 3u);
}

TEST_F(OfABoard, ADriveThatIsReadOnlyIsNotWritten) {
    hardware.device.features |= abi::virtio::block::read_only;
    ASSERT_EQ(drive.start(), nullptr);
    EXPECT_TRUE(drive.read_only());
    EXPECT_FALSE(drive.write(0, sectors));
    EXPECT_TRUE(drive.read(0, sectors));
}

}  // namespace
}  // namespace tiffin::disk
