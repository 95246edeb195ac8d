// Encoders against values put together by hand from the manuals' field diagrams.
#include <cstdint>
#include <gtest/gtest.h>

#include "armv8/gic.hpp"
#include "armv8/pstate.hpp"
#include "armv8/timer.hpp"
#include "armv8/translation.hpp"

namespace tiffin::armv8 {
namespace {

TEST(ListRegister, Gicv2HasTheSameFactsIn32Bits) {
    for (std::uint32_t intid : {0u, 15u, 16u, 27u, 33u, 287u, 1019u}) {
        for (auto state : {Lr::State::Invalid, Lr::State::Pending, Lr::State::Active, Lr::State::PendingActive}) {
            auto const lr =
                Lr::VIntid::make(intid) | Lr::Priority::make(0xa8) | Lr::Group1::make(true) | Lr::LrState::make(state);
            EXPECT_EQ(lr_from_v2(lr_to_v2(lr, 0)), lr);
        }
    }
}

TEST(ListRegister, AHardwareInterruptKeepsItsPhysicalNumber) {
    auto const lr = Lr::VIntid::make(40) | Lr::PIntid::make(79) | Lr::Hw::make(true) | Lr::LrState::make(Lr::State::Active);
    EXPECT_EQ(lr_from_v2(lr_to_v2(lr, 5)), lr) << "the sender of an SGI must not reach the physical number";
}

TEST(ListRegister, TheSenderOfAnSgiIsInCpuid) {
    EXPECT_EQ(lr_to_v2(Lr::VIntid::make(3) | Lr::LrState::make(Lr::State::Pending), 6) >> 10 & 7, 6u);
}

TEST(ListRegister, PendingAndActiveIsBoth) {
    auto const lr = Lr::LrState::make(Lr::State::PendingActive);
    EXPECT_TRUE(Lr::is_pending(lr));
    EXPECT_TRUE(Lr::is_active(lr));
}

TEST(Stage2, ALeafSaysPageAtLevel3AndBlockAbove) {
    EXPECT_EQ(Descriptor::leaf(Pa{0x8000'0000}, 3, Stage2::ram) & 3, 3u);
    EXPECT_EQ(Descriptor::leaf(Pa{0x8000'0000}, 2, Stage2::ram) & 3, 1u);
    EXPECT_EQ(Descriptor::leaf(Pa{0x8000'0000}, 1, Stage2::ram) & 3, 1u);
}

TEST(Stage2, OnlyRamIsWritableOfWhatIsExecutable) {
    EXPECT_TRUE(Stage2::writable(Stage2::ram));
    EXPECT_FALSE(Stage2::writable(Stage2::image));
    EXPECT_NE(Stage2::XN::get(Stage2::device), 0u);
}

TEST(Stage2, ATableIsNeverTakenForAPage) {
    auto const table = Descriptor::table(Pa{0x1'2345'6000});
    EXPECT_TRUE(Descriptor::is_table(table, 1));
    EXPECT_TRUE(Descriptor::is_table(table, 2));
    EXPECT_FALSE(Descriptor::is_table(table, 3)) << "at level 3 the same bits are a page";
    EXPECT_EQ(Descriptor::address(table), Pa{0x1'2345'6000});
}

TEST(Stage1El2, NothingIsBothWritableAndExecutable) {
    for (auto attributes : {Stage1El2::text, Stage1El2::rodata, Stage1El2::data, Stage1El2::device})
        EXPECT_TRUE(Stage1El2::AP2::get(attributes) || Stage1El2::XN::get(attributes));
}

TEST(PhysicalBits, ReservedRangesAreTakenForTheLargestKnown) {
    EXPECT_EQ(physical_bits(2), 40u);
    EXPECT_EQ(physical_bits(5), 48u);
    EXPECT_EQ(physical_bits(15), 48u);
}

TEST(Vector, FollowsTheLevelAndStackThatTheExceptionCameFrom) {
    EXPECT_EQ(synchronous_vector(Spsr::el1t), 0x000u);
    EXPECT_EQ(synchronous_vector(Spsr::el1h), 0x200u);
    EXPECT_EQ(synchronous_vector(Spsr::el0t), 0x400u);
    EXPECT_EQ(synchronous_vector(0b1'0000), 0x600u);  // AArch32 User
    EXPECT_EQ(synchronous_vector(Spsr::el1h | Spsr::masked | Spsr::nzcv), 0x200u);
}

TEST(Timer, FiresOnlyEnabledUnmaskedAndPastItsDeadline) {
    EXPECT_TRUE(TimerCtl::firing(0b101));
    EXPECT_FALSE(TimerCtl::firing(0b111));
    EXPECT_FALSE(TimerCtl::firing(0b100));
    EXPECT_FALSE(TimerCtl::firing(0b001));
    EXPECT_TRUE(TimerCtl::armed(0b001));
    EXPECT_FALSE(TimerCtl::armed(0b011));
}

}  // namespace
}  // namespace tiffin::armv8
