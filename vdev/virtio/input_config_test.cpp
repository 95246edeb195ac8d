#include "vdev/virtio/input_config.hpp"

#include <gtest/gtest.h>
#include <string>

#include "core/virtio/testing.hpp"
#include "vdev/virtio/virtio_mmio.hpp"

namespace tiffin {
namespace {

using namespace testing;
namespace mmio = v::mmio;
namespace input = v::input;

struct InputConfig : ::testing::Test, VirtioBoard {
    InputConfig() : VirtioBoard{{VmSpec{.served_by = {1}, .device = v::Type::Input}, VmSpec{}}} {}

    std::uint64_t read(std::uint32_t at, std::uint8_t size = 1) {
        return bus.read(vcpu(0), {.offset = mmio::Config + at, .size = size});
    }
    void write(std::uint32_t at, std::uint64_t value, std::uint8_t size = 1) {
        bus.write(vcpu(0), {.offset = mmio::Config + at, .size = size}, value);
    }
    /// What Linux's driver does for each answer: two bytes written, one read, then as many as that says.
    std::string select(std::uint8_t select, std::uint8_t subsel) {
        write(input::select_at, select);
        write(input::subsel_at, subsel);
        std::string answer;
        auto const size = read(input::size_at);
        for (std::uint32_t i = 0; i < size; ++i) answer += static_cast<char>(read(input::bytes_at + i));
        return answer;
    }

    vdev::VirtioMmio bus{vm(0)};
};

TEST_F(InputConfig, SaysItsNameAndItsIds) {
    EXPECT_EQ(select(input::id_name, 0), "Tiffin keyboard");
    EXPECT_EQ(select(input::id_devids, 0).size(), 8u);
    EXPECT_EQ(read(input::bytes_at, 2), 6u) << "BUS_VIRTUAL of linux/input.h";
    EXPECT_EQ(read(input::bytes_at + 4, 2), 1u) << "its product";
}

TEST_F(InputConfig, HasTheKeysFrom1To248AndNoOthers) {
    auto const bits = select(input::event_bits, input::event_key);
    ASSERT_EQ(bits.size(), 32u);
    for (unsigned key = 0; key < 256; ++key)
        EXPECT_EQ(static_cast<unsigned>(bits[key / 8]) >> key % 8 & 1, key >= 1 && key <= 248 ? 1u : 0u) << key;
}

TEST_F(InputConfig, LetsTheDriverRepeatKeys) { EXPECT_EQ(select(input::event_bits, input::event_repeat).size(), 1u); }

TEST_F(InputConfig, EverythingElseIsOfSize0) {
    for (unsigned select_value = 0; select_value < 256; ++select_value) {
        for (unsigned subsel = 0; subsel < 256; ++subsel) {
            bool const is_id = (select_value == input::id_name || select_value == input::id_devids) && subsel == 0;
            bool const is_event =
                select_value == input::event_bits && (subsel == input::event_key || subsel == input::event_repeat);
            write(input::select_at, select_value);
            write(input::subsel_at, subsel);
            ASSERT_EQ(read(input::size_at) != 0, is_id || is_event) << select_value << " " << subsel;
            if (!is_id && !is_event) {
                ASSERT_EQ(read(input::bytes_at, 8), 0u);
            }
        }
    }
}

TEST_F(InputConfig, IsReadInEverySizeAndIsZeroBehindTheAnswer) {
    select(input::id_name, 0);
    EXPECT_EQ(read(input::select_at, 4), 0x000f'0001u) << "select, subsel, size";
    EXPECT_EQ(read(input::bytes_at, 2), 0x6954u) << "Ti";
    EXPECT_EQ(read(input::bytes_at, 8), 0x6b20'6e69'6666'6954u) << "Tiffin k";
    EXPECT_EQ(read(input::bytes_at + 12, 4), 0x0064'7261u) << "ard, and a zero";
    for (std::uint32_t at = input::bytes_at + 15; at < 256; ++at) ASSERT_EQ(read(at), 0u) << at;
}

TEST_F(InputConfig, OnlySingleBytesOfTheTwoSelectorsAreKept) {
    select(input::id_name, 0);
    for (std::uint8_t const size : {2, 4, 8})
        for (std::uint32_t at = 0; at < 256; at += size) write(at, ~0ull, size);
    for (std::uint32_t at = input::size_at; at < 256; ++at) write(at, 0xff);
    EXPECT_EQ(read(input::select_at, 8), 0x000f'0001u);
    EXPECT_EQ(read(input::bytes_at), 'T');
    write(input::select_at, 0xab03);
    EXPECT_EQ(read(input::select_at), 3u) << "one byte of the register";
}

TEST_F(InputConfig, AResetClearsTheSelection) {
    select(input::event_bits, input::event_key);
    bus.write(vcpu(0), {.offset = mmio::StatusRegister, .size = 4}, 0);
    EXPECT_EQ(read(input::select_at, 4), 0u);
}

TEST_F(InputConfig, IsNothingThatTheServerSaysAndTheServerKeepsItsOwn) {
    std::ignore = server.call(abi::Call::ServeConfig, {0, 0, ~0ull});
    EXPECT_EQ(read(input::select_at, 8), 0u);
    select(input::id_name, 0);
    EXPECT_EQ(device.config[0], ~0ull);
}

TEST(VirtioMmioInput, NoOtherDeviceTakesBytes) {
    VirtioBoard board;
    vdev::VirtioMmio bus{board.vm(0)};
    for (std::uint32_t at = 0; at < 0x200; ++at) bus.write(board.vcpu(0), {.offset = at, .size = 1}, 0xff);
    EXPECT_EQ(board.device.config[0], 0x1234u);
    EXPECT_EQ(board.device.config_selected[0], 0u);
    EXPECT_EQ(board.device.status, 0u);
}

}  // namespace
}  // namespace tiffin
