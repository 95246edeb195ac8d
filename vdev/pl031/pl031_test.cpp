#include "vdev/pl031/pl031.hpp"

#include <gtest/gtest.h>

namespace tiffin {

struct Vcpu {};

namespace {

std::uint64_t board_seconds = 0;

struct Guest {
    Vcpu vcpu;
    Pl031 rtc{[] { return board_seconds; }};

    Guest() { board_seconds = 1'700'000'000; }
    std::uint32_t get(std::uint32_t offset, std::uint8_t size = 4) {
        return static_cast<std::uint32_t>(rtc.read(vcpu, {offset, size}));
    }
    void set(std::uint32_t offset, std::uint32_t value) { rtc.write(vcpu, {offset, 4}, value); }
};

TEST(Pl031, TellsTheBoardsTime) {
    Guest g;
    EXPECT_EQ(g.get(0x00), 1'700'000'000u);
    board_seconds += 5;
    EXPECT_EQ(g.get(0x00), 1'700'000'005u);
    EXPECT_EQ(g.get(0x0c), 1u) << "it runs";
}

TEST(Pl031, SettingItMovesThisVmsClockOnly) {
    Guest g, other;
    g.set(0x08, 1000);
    board_seconds += 7;
    EXPECT_EQ(g.get(0x00), 1007u);
    EXPECT_EQ(g.get(0x08), 1000u);
    EXPECT_EQ(other.get(0x00), 1'700'000'007u);
    g.rtc.reset();
    EXPECT_EQ(g.get(0x00), 1'700'000'007u);
}

TEST(Pl031, TheAlarmIsSeenOnceItsSecondHasCome) {
    Guest g;
    g.set(0x04, 1'700'000'003);
    EXPECT_EQ(g.get(0x14), 0u);
    board_seconds += 10;
    EXPECT_EQ(g.get(0x14), 1u);
    EXPECT_EQ(g.get(0x18), 0u) << "masked";
    g.set(0x10, 1);
    EXPECT_EQ(g.get(0x18), 1u);
    g.set(0x1c, 1);
    EXPECT_EQ(g.get(0x14), 0u) << "and it stays away";
}

TEST(Pl031, AmbaProbingFindsAnArmPl031) {
    Guest g;
    std::uint32_t peripheral = 0, cell = 0;
    for (unsigned i = 0; i < 4; ++i) {
        peripheral |= g.get(0xfe0 + 4 * i, 1) << 8 * i;
        cell |= g.get(0xff0 + 4 * i) << 8 * i;
    }
    EXPECT_EQ(peripheral, 0x00041031u);
    EXPECT_EQ(cell, 0xb105f00du);
}

TEST(Pl031, RegistersThatDoNotExistReadAsZero) {
    Guest g;
    for (std::uint32_t offset = 0x20; offset < 0xfe0; ++offset) EXPECT_EQ(g.get(offset), 0u);
    EXPECT_EQ(g.get(0x02), 0u);
    EXPECT_EQ(g.get(0x00, 8), 0u);
}

}  // namespace
}  // namespace tiffin
