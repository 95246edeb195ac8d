// The driver on a recording fake: memory that looks like an ITS which has done all it was told before it is asked.
#include "drivers/gic/its.hpp"

#include <gtest/gtest.h>
#include <vector>

#include "abi/guest_map.hpp"
#include "armv8/gic.hpp"

namespace tiffin {
namespace {

namespace gits = armv8::gits;
namespace gicr = armv8::gicr;
namespace lpi = armv8::lpi;

TEST(ItsCommand, IsEncodedAsTheArchitecturePrintsIt) {
    auto const mapd = gits::Command::mapd(8, Pa{0x4123'4500}, 7);
    EXPECT_EQ(mapd.words[0], 0x0000'0008'0000'0008u);
    EXPECT_EQ(mapd.words[1], 6u) << "the number of bits, minus one";
    EXPECT_EQ(mapd.words[2], 0x8000'0000'4123'4500u);
    EXPECT_EQ(gits::Command::mapc(3, 0x5'0000).words[2], 0x8000'0000'0005'0003u);
    EXPECT_EQ(gits::Command::mapti(8, 80, 8192, 3).words[2], 3u);
    EXPECT_EQ(gits::Command::sync(0x5'0000).words[2], 0x5'0000u);
}

struct ItsAtRest : ::testing::Test {
    alignas(65536) static inline std::uint64_t memory[0x8'0000 / 8];
    std::vector<std::uint64_t> registers = std::vector<std::uint64_t>(gits::control_bytes / 8);
    std::vector<std::uint64_t> redistributor = std::vector<std::uint64_t>(gicr::stride / 8);
    Pool pool{Pa{reinterpret_cast<std::uint64_t>(memory)}, sizeof memory};
    Its its{reinterpret_cast<std::uintptr_t>(registers.data())};

    ItsAtRest() {
        registers[0] = gits::Ctlr::quiescent;
        at(gits::typer) = 1 | 11u << 4 | 15u << 8 | 15u << 13;  // QEMU's: entries of 12 bytes, 16 bits of events and devices
        at(gits::baser) = gits::Baser::Type::make(gits::Baser::devices) | gits::Baser::EntrySize::make(7);
        at(gits::baser + 8) = gits::Baser::Type::make(gits::Baser::collections) | gits::Baser::EntrySize::make(7);
    }
    std::uint64_t& at(std::uint32_t offset) { return registers[offset / 8]; }
};

TEST_F(ItsAtRest, AnItsWithoutPhysicalMessagesOrWithFewEventsIsRefused) {
    at(gits::typer) &= ~1ull;
    EXPECT_NE(its.init(pool, 1, 80), nullptr);
    at(gits::typer) = 1 | 11u << 4 | 5u << 8 | 15u << 13;
    EXPECT_NE(its.init(pool, 1, 80), nullptr) << "6 bits of events do not reach message 103";
}

TEST_F(ItsAtRest, AMessageOfAFunctionIsAnLpiOfItsPlaceAndOthersAreMappedToNothing) {
    ASSERT_EQ(its.init(pool, 2, 80), nullptr);
    auto const* const commands = reinterpret_cast<gits::Command const*>(at(gits::cbaser) & 0xffff'ffff'f000);
    its.give(0x10, 1, 2);
    EXPECT_EQ(commands[0].words[0], 0x0000'0010'0000'0008u);
    for (std::uint32_t n = 0; n < abi::guest_map::msi_count; ++n) {
        EXPECT_EQ(commands[1 + n].words[0], 0x0000'0010'0000'000au);
        EXPECT_EQ(commands[1 + n].words[1], (80 + n) | std::uint64_t{8192 + 24 + n} << 32);
        EXPECT_EQ(commands[1 + n].words[2], 2u) << "the core of its VM";
    }
    EXPECT_EQ(at(gits::cwriter), 25 * sizeof(gits::Command));
}

TEST_F(ItsAtRest, AnItsThatDoesNotAnswerIsNotWell) {
    ASSERT_EQ(its.init(pool, 1, 80), nullptr);
    its.give(8, 0, 0);  // GITS_CREADR stays where it is
    EXPECT_FALSE(its.is_well());
}

struct HeldMessages : ItsAtRest {
    std::uint8_t const* configuration{nullptr};
    gits::Command const* commands{nullptr};
    std::uint64_t first{0};  // of the commands since

    HeldMessages() {
        EXPECT_EQ(its.init(pool, 2, 80), nullptr);
        its.prepare_core(pool, 0);
        EXPECT_EQ(its.start_core(0, reinterpret_cast<std::uintptr_t>(redistributor.data())), nullptr);
        for (std::uint32_t place = 0; place < 2; ++place) its.give(8 * (place + 1), place, 0);
        configuration = reinterpret_cast<std::uint8_t const*>(redistributor[lpi::propbaser / 8] & 0xffff'ffff'f000);
        commands = reinterpret_cast<gits::Command const*>(at(gits::cbaser) & 0xffff'ffff'f000);
        first = posted();
    }
    std::uint64_t posted() { return at(gits::cwriter) / sizeof(gits::Command); }
};

TEST_F(HeldMessages, AreDisabledAndAllOfAFunctionIsEnabledAtOnce) {
    its.hold(1, 2);
    its.hold(1, 23);
    EXPECT_EQ(configuration[24 + 2], lpi::disabled);
    EXPECT_EQ(configuration[24 + 23], lpi::disabled);
    EXPECT_EQ(configuration[24 + 3], lpi::enabled);
    EXPECT_EQ(posted(), first + 2) << "the redistributor has heard of each";
    its.release(0);
    EXPECT_EQ(configuration[24 + 2], lpi::disabled) << "another function's";
    EXPECT_EQ(posted(), first + 2);
    its.release(1);
    EXPECT_EQ(configuration[24 + 2], lpi::enabled);
    EXPECT_EQ(configuration[24 + 23], lpi::enabled);
    EXPECT_EQ(posted(), first + 3);
    EXPECT_EQ(commands[first + 2].words[0], 0x0du);
    its.release(1);
    EXPECT_EQ(posted(), first + 3) << "nothing was held";
}

TEST_F(HeldMessages, ThatAreForgottenPendNoMore) {
    its.hold(1, 2);
    its.forget(1);
    EXPECT_EQ(commands[first + 1].words[0], 0x0000'0010'0000'0004u);
    EXPECT_EQ(commands[first + 1].words[1], 82u);
    EXPECT_EQ(configuration[24 + 2], lpi::enabled);
}

TEST_F(HeldMessages, AQueueThatIsNotReadEndsInsteadOfRunningOver) {
    for (std::uint32_t n = 0; n < 300; ++n) its.hold(0, n % 24);
    EXPECT_FALSE(its.is_well());
    EXPECT_EQ(posted(), 127u);
    EXPECT_TRUE(its.broke());
    EXPECT_FALSE(its.broke()) << "once";
}

TEST_F(ItsAtRest, ARedistributorGetsItsTablesBeforeItTakesLpis) {
    ASSERT_EQ(its.init(pool, 1, 80), nullptr);
    EXPECT_EQ(at(gits::baser) >> 63 & at(gits::cbaser) >> 63, 1u);
    its.prepare_core(pool, 1);
    EXPECT_TRUE(its.takes_messages(1));
    EXPECT_FALSE(its.takes_messages(0));
    EXPECT_EQ(its.start_core(1, reinterpret_cast<std::uintptr_t>(redistributor.data())), nullptr);
    EXPECT_EQ(redistributor[gicr::ctlr / 8] & lpi::enable_lpis, 1u);
    EXPECT_EQ(redistributor[lpi::propbaser / 8] & 0x1f, 13u) << "14 bits of INTIDs";
    EXPECT_EQ(redistributor[lpi::pendbaser / 8] >> 62 & 1, 1u);
    EXPECT_EQ(redistributor[lpi::pendbaser / 8] & 0xffff & ~0xf80u, 0u) << "aligned to 64 KiB";
}

}  // namespace
}  // namespace tiffin
