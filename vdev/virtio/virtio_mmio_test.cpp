#include "vdev/virtio/virtio_mmio.hpp"

#include <gtest/gtest.h>

#include "core/virtio/testing.hpp"

namespace tiffin {
namespace {

using namespace testing;
namespace mmio = v::mmio;

struct Registers : VirtioBoard {
    vdev::VirtioMmio bus{vm(0)};

    std::uint64_t read(std::uint32_t offset, std::uint8_t size = 4) {
        return bus.read(vcpu(0), {.offset = offset, .size = size});
    }
    void write(std::uint32_t offset, std::uint32_t value, std::uint8_t size = 4) {
        bus.write(vcpu(0), {.offset = offset, .size = size}, value);
    }
    /// "Device Initialization" (virtio 1.2), as a driver does it through the registers.
    void initialise(std::uint64_t features) {
        write(mmio::StatusRegister, 0);
        write(mmio::StatusRegister, v::acknowledge | v::driver);
        for (std::uint32_t word = 0; word < 2; ++word) {
            write(mmio::DriverFeaturesSel, word);
            write(mmio::DriverFeatures, static_cast<std::uint32_t>(features >> (32 * word)));
        }
        write(mmio::StatusRegister, v::acknowledge | v::driver | v::features_ok);
    }
    void set_up_queue(std::uint32_t index) {
        write(mmio::QueueSel, index);
        write(mmio::QueueNum, Driver::size);
        write(mmio::QueueDescLow, static_cast<std::uint32_t>(Driver::table));
        write(mmio::QueueDriverLow, static_cast<std::uint32_t>(Driver::available));
        write(mmio::QueueDeviceLow, static_cast<std::uint32_t>(Driver::used));
        write(mmio::QueueReady, 1);
    }
};

TEST(VirtioMmio, IsAVersion2DeviceOfTheTypeInThePlan) {
    Registers r;
    EXPECT_EQ(r.read(mmio::MagicValue), 0x7472'6976u) << "virtio 1.2, MMIO Device Register Layout: \"virt\"";
    EXPECT_EQ(r.read(mmio::Version), 2u);
    EXPECT_EQ(r.read(mmio::DeviceId), 2u) << "a block device";
    EXPECT_EQ(r.read(mmio::ShmLenLow), 0xffff'ffffu) << "no shared memory region";
    EXPECT_EQ(r.read(mmio::ShmLenHigh), 0xffff'ffffu);
}

TEST(VirtioMmio, OffersWhatThePlanSaysAndItsOwnFeatures) {
    Registers r;
    EXPECT_EQ(r.read(mmio::DeviceFeatures), v::block::can_flush | v::ring_indirect | v::ring_event_index);
    r.write(mmio::DeviceFeaturesSel, 1);
    EXPECT_EQ(r.read(mmio::DeviceFeatures), 1u) << "VERSION_1 is bit 32";
    for (std::uint32_t word : {2u, 31u, ~0u}) {
        r.write(mmio::DeviceFeaturesSel, word);
        EXPECT_EQ(r.read(mmio::DeviceFeatures), 0u) << word;
    }
}

TEST(VirtioMmio, TheInitialisationOfTheStandardEndsWithRequestsThatPass) {
    Registers r;
    r.initialise(v::version_1 | v::ring_event_index);
    EXPECT_EQ(r.read(mmio::StatusRegister) & v::features_ok, v::features_ok);
    r.set_up_queue(0);
    EXPECT_EQ(r.read(mmio::QueueReady), 1u);
    r.write(mmio::StatusRegister, v::acknowledge | v::driver | v::features_ok | v::driver_ok);
    std::ignore = r.driver.post("hello");
    r.write(mmio::QueueNotify, 0);
    auto const request = r.server.next();
    ASSERT_GE(request.x0, 0);
    std::ignore = r.server.complete(request.x0);
    EXPECT_EQ(r.read(mmio::InterruptStatus), mmio::used_buffer);
    r.write(mmio::InterruptAck, mmio::used_buffer);
    EXPECT_EQ(r.read(mmio::InterruptStatus), 0u);
}

TEST(VirtioMmio, FeaturesAreFixedOnceTheyAreOk) {
    Registers r;
    r.initialise(v::version_1);
    r.write(mmio::DriverFeaturesSel, 0);
    r.write(mmio::DriverFeatures, ~0u);
    EXPECT_EQ(r.device.accepted, v::version_1);
}

TEST(VirtioMmio, AReadyQueueKeepsItsAddressesAndItsSize) {
    Registers r;
    r.initialise(v::version_1);
    r.set_up_queue(0);
    auto const before = r.device.queues[0].setup;
    for (std::uint32_t const at : {mmio::QueueNum, mmio::QueueDescLow, mmio::QueueDescHigh, mmio::QueueDriverLow,
                                   mmio::QueueDriverHigh, mmio::QueueDeviceLow, mmio::QueueDeviceHigh})
        r.write(at, 0x1234'5678);
    auto const& after = r.device.queues[0].setup;
    EXPECT_EQ(after.descriptors, before.descriptors);
    EXPECT_EQ(after.available, before.available);
    EXPECT_EQ(after.used, before.used);
    EXPECT_EQ(after.size, before.size);
}

TEST(VirtioMmio, AQueueThatDoesNotExistReadsAsZeroAndTakesNothing) {
    Registers r;
    r.initialise(v::version_1);
    for (std::uint32_t const index : {1u, 10u, ~0u}) {
        r.write(mmio::QueueSel, index);
        EXPECT_EQ(r.read(mmio::QueueNumMax), 0u) << index;
        r.write(mmio::QueueReady, 1);
        EXPECT_EQ(r.read(mmio::QueueReady), 0u) << index;
        r.write(mmio::QueueNotify, index);
    }
    EXPECT_FALSE(r.device.queues[0].ready());
}

TEST(VirtioMmio, AResetForgetsEverything) {
    Registers r;
    r.initialise(v::version_1);
    r.set_up_queue(0);
    r.write(mmio::StatusRegister, 0);
    EXPECT_EQ(r.read(mmio::StatusRegister), 0u);
    EXPECT_EQ(r.read(mmio::QueueReady), 0u);
    EXPECT_EQ(r.device.accepted, 0u);
    EXPECT_EQ(r.device.queues[0].setup.descriptors, 0u);
}

TEST(VirtioMmio, BitsOfTheStatusAreSetAndNeverClearedOneByOne) {
    Registers r;
    r.write(mmio::StatusRegister, v::acknowledge | v::driver);
    r.write(mmio::StatusRegister, v::acknowledge);
    EXPECT_EQ(r.read(mmio::StatusRegister), v::acknowledge | v::driver);
    r.write(mmio::StatusRegister, v::needs_reset);
    EXPECT_EQ(r.read(mmio::StatusRegister) & v::needs_reset, 0u) << "only the device sets it";
}

TEST(VirtioMmio, TheConfigurationIsReadInEverySizeAndNeverWritten) {
    Registers r;
    r.device.config[0] = 0x8877'6655'4433'2211;
    EXPECT_EQ(r.read(mmio::Config, 1), 0x11u);
    EXPECT_EQ(r.read(mmio::Config + 2, 2), 0x4433u);
    EXPECT_EQ(r.read(mmio::Config + 4, 4), 0x8877'6655u);
    EXPECT_EQ(r.read(mmio::Config, 8), 0x8877'6655'4433'2211u);
    for (std::uint32_t const at : {mmio::Config + 0u, mmio::Config + 60u}) r.write(at, ~0u);
    EXPECT_EQ(r.device.config[0], 0x8877'6655'4433'2211u);
    EXPECT_EQ(r.read(mmio::Config + 64, 4), 0u) << "behind its end";
    EXPECT_EQ(r.read(0x1f8, 8), 0u);
}

TEST(VirtioMmio, AGpusDriverClearsTheEventsThatItHasSeen) {
    Registers r;
    namespace gpu = v::gpu;
    auto record = *r.device.record;
    record.type = v::Type::Gpu;
    r.device.record = &record;
    r.device.config[0] = 0xff00'0000'0000'0007;
    r.write(mmio::Config + gpu::events_clear_at, 0b101);
    EXPECT_EQ(r.read(mmio::Config + gpu::events_at), 0b010u);
    r.write(mmio::Config + gpu::events_at, ~0u);
    r.write(mmio::Config + gpu::window_at, ~0u);
    EXPECT_EQ(r.device.config[0], 0xff00'0000'0000'0002u) << "and writes nothing";
    EXPECT_EQ(r.device.config[gpu::window_at / 8], 0u);
}

TEST(VirtioMmio, RegistersTakeWholeWordsOnly) {
    Registers r;
    for (std::uint8_t const size : {1, 2, 8}) {
        EXPECT_EQ(r.read(mmio::MagicValue, size), 0u) << int{size};
        r.write(mmio::StatusRegister, v::acknowledge, size);
    }
    EXPECT_EQ(r.read(mmio::StatusRegister), 0u);
}

TEST(VirtioMmio, EveryOffsetOfEverySizeIsHarmless) {
    Registers r;
    for (std::uint32_t offset = 0; offset < 0x400; ++offset) {
        for (std::uint8_t const size : {1, 2, 4, 8}) {
            if (offset % size != 0) continue;
            r.write(offset, 0xa5a5'a5a5, size);
            std::ignore = r.read(offset, size);
        }
    }
    EXPECT_EQ(r.read(0x200), 0u) << "a slot without a device";
}

}  // namespace
}  // namespace tiffin
