// The driver on memory that looks like a GIC at rest: registers keep what is written.
#include "drivers/gic/gic.hpp"

#include <gtest/gtest.h>
#include <stdexcept>
#include <vector>

namespace tiffin {

void panic(char const* what, char const*, unsigned) { throw std::logic_error{what}; }

namespace {

namespace gicd = armv8::gicd;
namespace gicr = armv8::gicr;

struct Frames {
    std::vector<std::uint32_t> distributor = std::vector<std::uint32_t>(0x1'0000 / 4);
    std::vector<std::uint32_t> redistributors = std::vector<std::uint32_t>(3 * gicr::stride / 4);
    abi::BoardRecord board{};

    explicit Frames(abi::GicVersion version) {
        board.gic_version = version;
        board.gicd = reinterpret_cast<std::uintptr_t>(distributor.data());
        board.gicr = reinterpret_cast<std::uintptr_t>(redistributors.data());
        board.gicr_size = 3 * gicr::stride;
        gicd_at(gicd::typer) = 2;  // 96 interrupts
        for (std::uint32_t n = 0; n < 3; ++n) gicr_at(n, gicr::typer + 4) = 0x100 + n;
        gicr_at(2, gicr::typer) = gicr::Typer::last;
    }
    std::uint32_t& gicd_at(std::uint32_t offset) { return distributor[offset / 4]; }
    std::uint32_t& gicr_at(std::uint32_t n, std::uint32_t offset) { return redistributors[(n * gicr::stride + offset) / 4]; }
};

TEST(Gic, TellsItsArchitectureFromWhereItsVersionKeepsIt) {
    Frames three{abi::GicVersion::V3}, two{abi::GicVersion::V2};
    three.gicd_at(gicd::pidr2_v3) = 0x3b;
    two.gicd_at(gicd::pidr2_v2) = 0x2b;
    EXPECT_EQ(Gic{three.board}.architecture(), 3u);
    EXPECT_EQ(Gic{two.board}.architecture(), 2u);
}

TEST(Gic, QuietensEverySpiThatExistsAndNoMore) {
    for (auto version : {abi::GicVersion::V2, abi::GicVersion::V3}) {
        Frames f{version};
        Gic{f.board}.init_distributor();
        for (std::uint32_t word : {4u, 8u}) {
            EXPECT_EQ(f.gicd_at(gicd::icenabler + word), ~0u);
            EXPECT_EQ(f.gicd_at(gicd::icpendr + word), ~0u);
            EXPECT_EQ(f.gicd_at(gicd::icactiver + word), ~0u);
        }
        EXPECT_EQ(f.gicd_at(gicd::icenabler), 0u) << "private ones belong to each core";
        EXPECT_EQ(f.gicd_at(gicd::icenabler + 12), 0u) << "there is no fourth bank";
        EXPECT_EQ(f.gicd_at(gicd::ipriorityr + 92), 0xa0a0'a0a0u);
        EXPECT_EQ(f.gicd_at(gicd::ipriorityr + 96), 0u);
        EXPECT_EQ(f.gicd_at(gicd::ctlr),
                  version == abi::GicVersion::V3 ? gicd::Ctlr::are | gicd::Ctlr::enable_group1 : gicd::Ctlr::enable_group0);
    }
}

TEST(Gic, FindsTheRedistributorOfItsCoreAndWakesIt) {
    Frames f{abi::GicVersion::V3};
    f.gicr_at(1, gicr::waker) = gicr::Waker::processor_sleep;
    auto const found = Gic{f.board}.init_private(0x101);
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, f.board.gicr + gicr::stride);
    EXPECT_EQ(f.gicr_at(1, gicr::waker), 0u);
    EXPECT_EQ(f.gicr_at(1, gicr::sgi_frame + gicd::icenabler), ~0u);
    EXPECT_EQ(f.gicr_at(0, gicr::sgi_frame + gicd::icenabler), 0u);
}

TEST(Gic, ACoreWithoutARedistributorIsAnError) {
    Frames f{abi::GicVersion::V3};
    EXPECT_FALSE(Gic{f.board}.init_private(0x999));
    f.gicr_at(0, gicr::typer) = gicr::Typer::last;
    EXPECT_FALSE(Gic{f.board}.init_private(0x101)) << "the list ends with the frame that says so";
}

TEST(Gic, EnablesPrivateInterruptsAtTheRedistributorAndSpisAtTheDistributor) {
    Frames f{abi::GicVersion::V3};
    Gic gic{f.board};
    gic.enable(26, f.board.gicr);
    gic.enable(79, f.board.gicr);
    EXPECT_EQ(f.gicr_at(0, gicr::sgi_frame + gicd::isenabler), 1u << 26);
    EXPECT_EQ(f.gicd_at(gicd::isenabler + 8), 1u << 15);
    Frames old{abi::GicVersion::V2};
    Gic{old.board}.enable(26, 0);
    EXPECT_EQ(old.gicd_at(gicd::isenabler), 1u << 26);
}

TEST(Gic, PutsAnInterruptLastWithoutTouchingItsNeighbours) {
    Frames f{abi::GicVersion::V3};
    f.gicd_at(gicd::ipriorityr + 32) = 0xa0a0'a0a0;
    f.gicr_at(0, gicr::sgi_frame + gicd::ipriorityr) = 0xa0a0'a0a0;
    Gic gic{f.board};
    gic.put_last(33, f.board.gicr);
    gic.put_last(2, f.board.gicr);
    EXPECT_EQ(f.gicd_at(gicd::ipriorityr + 32), 0xa0a0'c0a0u);
    EXPECT_EQ(f.gicr_at(0, gicr::sgi_frame + gicd::ipriorityr), 0xa0c0'a0a0u);
}

TEST(Gic, SetsAnEdgeWithoutTouchingItsNeighbours) {
    Frames f{abi::GicVersion::V3};
    f.gicd_at(gicd::icfgr + 16) = 0x8000'0002;
    Gic gic{f.board};
    gic.set_edge(66, true);
    EXPECT_EQ(f.gicd_at(gicd::icfgr + 16), 0x8000'0022u);
    gic.set_edge(64, false);
    EXPECT_EQ(f.gicd_at(gicd::icfgr + 16), 0x8000'0020u);
}

}  // namespace
}  // namespace tiffin
