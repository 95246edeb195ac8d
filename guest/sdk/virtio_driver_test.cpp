#include "guest/sdk/virtio_driver.hpp"

#include <gtest/gtest.h>
#include <map>

#include "guest/sdk/virtio_places.hpp"
#include "guest/sdk/virtio_testing.hpp"

namespace tiffin::sdk {
namespace {

namespace virtio = abi::virtio;

struct Driver : ::testing::Test {
    QueueMemory memory{};
    Virtqueue queue{memory};
    testing::FakeVirtio device;
    VirtioDriver driver{device, {&queue, 1}};
};

TEST_F(Driver, StartsADeviceWithTheFeaturesThatBothHave) {
    device.features |= 0b0110;
    device.size = 256;
    ASSERT_EQ(driver.start(0b0011), nullptr);
    EXPECT_EQ(device.state, virtio::acknowledge | virtio::driver | virtio::features_ok | virtio::driver_ok);
    EXPECT_EQ(device.accepted, 0b0010 | virtio::version_1 | virtio::access_platform);
    EXPECT_EQ(driver.features(), device.accepted);
    EXPECT_EQ(queue.entries(), max_queue_entries);
}

TEST_F(Driver, ADeviceThatAnEarlierLifeLeftRunningIsResetBeforeItMayReachMemory) {
    struct Watch final : VirtioRegisters {
        std::string order;
        std::uint8_t status() override { return virtio::features_ok; }
        void set_status(std::uint8_t bits) override { order += bits == 0 ? "reset " : "status "; }
        std::uint64_t offered() override { return virtio::version_1 | virtio::access_platform; }
        void accept(std::uint64_t) override {}
        std::uint16_t entries(std::uint16_t) override { return 8; }
        void enable(std::uint16_t, Virtqueue const&) override { order += "queue "; }
        void notify(std::uint16_t) override {}
        std::uint64_t config(std::uint32_t) override { return 0; }
        void allow_dma(bool allowed) override { order += allowed ? "dma " : "no-dma "; }
        [[nodiscard]] bool is_fenced() const override { return true; }
        void wait() override {}
    } watch;
    EXPECT_EQ((VirtioDriver{watch, {&queue, 1}}.start(0)), nullptr);
    EXPECT_EQ(watch.order, "no-dma reset dma status status queue status ");
}

TEST_F(Driver, RefusesWhatItCantDriveAndSaysWhy) {
    device.features = virtio::access_platform;
    EXPECT_STREQ(driver.start(0), "it is no modern virtio device (of QEMU: disable-legacy=on)");
    device.features = virtio::version_1;
    EXPECT_STREQ(driver.start(0), "it goes past the SMMU (of QEMU: iommu_platform=on)");
    device.fenced = false;
    EXPECT_EQ(driver.start(0), nullptr) << "there is no SMMU to go past";
    device.fenced = true;
    device.features |= virtio::access_platform;
    device.size = 0;
    EXPECT_STREQ(driver.start(0), "it has too few queues");
    device.refuses = true;
    EXPECT_STREQ(driver.start(0), "it does not work with these features");
    EXPECT_EQ(device.state, virtio::failed);
    EXPECT_TRUE(driver.failed());
}

TEST_F(Driver, ADeviceThatAsksForAResetHasFailed) {
    ASSERT_EQ(driver.start(0), nullptr);
    EXPECT_FALSE(driver.failed());
    device.state |= virtio::needs_reset;
    EXPECT_TRUE(driver.failed());
    ASSERT_EQ(driver.start(0), nullptr);
    EXPECT_FALSE(driver.failed());
}

/// A configuration space with capabilities.
struct Space {
    std::map<std::uint32_t, std::uint32_t> words;
    [[nodiscard]] std::uint32_t read(std::uint32_t reg) const { return words.contains(reg) ? words.at(reg) : 0; }
    [[nodiscard]] std::uint64_t bar(unsigned n) const { return n == 4 ? 0x1000'0000 : 0; }
    /// At `at`, before the one at `next`.
    void add(std::uint8_t at, std::uint8_t next, unsigned kind, std::uint32_t offset, std::uint32_t length,
             std::uint32_t bar = 4) {
        words[at] = pci::vendor_capability | next << 8 | 20 << 16 | kind << 24;
        words[at + 4u] = bar;
        words[at + 8u] = offset;
        words[at + 12u] = length;
        words[at + 16u] = 4;
    }
    Space() {
        words[pci::capabilities] = 0x40;
        add(0x40, 0x54, 1, 0x0000, 0x1000);
        add(0x54, 0x68, 3, 0x1000, 0x1000);
        add(0x68, 0x7c, 4, 0x2000, 0x1000);
        add(0x7c, 0, 2, 0x3000, 0x1000);
    }
};

TEST(VirtioPlaces, AreFoundInTheCapabilities) {
    auto const places = find_virtio(Space{});
    ASSERT_TRUE(places);
    EXPECT_EQ(places->common.at, 0x1000'0000u);
    EXPECT_EQ(places->isr.at, 0x1000'1000u);
    EXPECT_EQ(places->device.at, 0x1000'2000u);
    EXPECT_EQ(places->notify.at, 0x1000'3000u);
    EXPECT_EQ(places->notify.bytes, 0x1000u);
    EXPECT_EQ(places->notify_multiplier, 4u);
}

TEST(VirtioPlaces, OfOneKindTheFirstInABarCounts) {
    Space space;
    space.add(0x7c, 0x90, 2, 0x3000, 0x1000, 9);
    space.add(0x90, 0xa4, 2, 0x3800, 0x100);
    space.add(0xa4, 0, 2, 0x3900, 0x100);
    EXPECT_EQ(find_virtio(space)->notify.at, 0x1000'3800u);
}

TEST(VirtioPlaces, AListWithoutWhatADriverNeedsIsRefusedAndALoopEnds) {
    Space short_common;
    short_common.words[0x40 + 12] = 0x20;
    EXPECT_FALSE(find_virtio(short_common));
    Space loop;
    loop.add(0x68, 0x40, 4, 0x2000, 0x1000);
    EXPECT_FALSE(find_virtio(loop)) << "no notification structure";
}

}  // namespace
}  // namespace tiffin::sdk
