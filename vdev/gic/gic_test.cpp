// The register map of both GIC versions, as a guest's driver reads and writes it.
#include "vdev/gic/gic.hpp"

#include <gtest/gtest.h>

#include "armv8/gic.hpp"
#include "core/testing.hpp"

namespace tiffin {
namespace {

namespace gicd = armv8::gicd;
namespace gicr = armv8::gicr;
using testing::Board;
constexpr auto v2 = abi::GicVersion::V2;
constexpr auto v3 = abi::GicVersion::V3;
constexpr std::uint32_t intids = abi::guest_map::intid_count;

struct Guest : Board {
    vdev::Distributor distributor;
    vdev::Redistributors redistributors;
    Vcpu& v;

    explicit Guest(abi::GicVersion version, std::uint32_t vcpus = 2, std::vector<std::uint32_t> cores = {})
        : Board{{{.vcpus = vcpus, .cores = std::move(cores)}}, version}, v{run_first()} {}
    std::uint64_t get(std::uint32_t offset, std::uint8_t size = 4) { return distributor.read(v, {offset, size}); }
    void put(std::uint32_t offset, std::uint64_t value, std::uint8_t size = 4) { distributor.write(v, {offset, size}, value); }
    std::uint64_t rget(std::uint32_t offset, std::uint8_t size = 4) { return redistributors.read(v, {offset, size}); }
    void rput(std::uint32_t offset, std::uint64_t value, std::uint8_t size = 4) {
        redistributors.write(v, {offset, size}, value);
    }
};

TEST(Distributor, SaysWhichArchitectureItIs) {
    EXPECT_EQ(Guest{v2}.get(gicd::pidr2_v2) >> 4 & 0xf, 2u);
    EXPECT_EQ(Guest{v3}.get(gicd::pidr2_v3) >> 4 & 0xf, 3u);
}

TEST(Distributor, TyperCountsInterruptsAndCores) {
    auto const typer = Guest(v3, 3).get(gicd::typer);
    EXPECT_EQ(32 * ((typer & 0x1f) + 1), intids);
    EXPECT_EQ(typer >> 5 & 7, 2u);
    EXPECT_EQ(typer >> 19 & 0x1f, 9u) << "ten bits of INTID";
    EXPECT_EQ(Guest(v2, 3).get(gicd::typer) >> 10, 0u) << "no security extension, no LPIs";
}

TEST(Distributor, CtlrKeepsTheGroupEnables) {
    {
        Guest two{v2};
        two.put(gicd::ctlr, ~0u);
        EXPECT_EQ(two.get(gicd::ctlr), 3u);
    }
    Guest three{v3};
    three.put(gicd::ctlr, 0);
    EXPECT_EQ(three.get(gicd::ctlr), gicd::Ctlr::are | gicd::Ctlr::ds) << "affinity routing and one security state, for ever";
}

TEST(Distributor, EnableBitsAreSetAndClearedOneByOne) {
    for (auto version : {v2, v3}) {
        Guest g{version};
        g.put(gicd::isenabler + 4, 0x8000'0001);
        g.put(gicd::isenabler + 4, 0x10);
        EXPECT_EQ(g.get(gicd::isenabler + 4), 0x8000'0011u);
        EXPECT_EQ(g.get(gicd::icenabler + 4), 0x8000'0011u);
        g.put(gicd::icenabler + 4, 0x1);
        EXPECT_EQ(g.get(gicd::isenabler + 4), 0x8000'0010u);
        EXPECT_EQ(g.get(gicd::isenabler + 8), 0u) << "the next bank is another";
    }
}

TEST(Distributor, PrivateBanksAreTheRedistributorsOnGicv3AndBankedOnGicv2) {
    {
        Guest three{v3};
        three.put(gicd::isenabler, ~0u);
        EXPECT_EQ(three.get(gicd::isenabler), 0u);
        EXPECT_EQ(three.v.vgic.own.enabled, 0u);
    }
    Guest two{v2};
    two.put(gicd::isenabler, 0x0800'0000);
    EXPECT_EQ(two.v.vgic.own.enabled, 0x0800'0000u);
    EXPECT_EQ(two.vcpu(0, 1).vgic.own.enabled, 0u);
}

TEST(Distributor, PrioritiesAreBytesOfFiveBits) {
    for (auto version : {v2, v3}) {
        Guest g{version};
        g.put(gicd::ipriorityr + 40, 0xff, 1);
        g.put(gicd::ipriorityr + 42, 0x1234, 2);
        EXPECT_EQ(g.get(gicd::ipriorityr + 40), 0x1030'00f8u);
        EXPECT_EQ(g.get(gicd::ipriorityr + 43, 1), 0x10u);
        g.put(gicd::ipriorityr + 284, 0xa0a0'a0a0);
        EXPECT_EQ(g.get(gicd::ipriorityr + 284), 0xa0a0'a0a0u) << "the last four";
        g.put(gicd::ipriorityr + 288, 0xa0a0'a0a0);
        EXPECT_EQ(g.get(gicd::ipriorityr + 288), 0u) << "behind the last";
    }
}

TEST(Distributor, ConfigurationSaysEdgeInTheUpperBit) {
    {
        Guest g{v3};
        g.put(gicd::icfgr + 8, 0xffff'ffff);
        EXPECT_EQ(g.get(gicd::icfgr + 8), 0xaaaa'aaaau);
        EXPECT_EQ(vgic::bank(g.v, 32).edge, 0xffffu);
        g.put(gicd::icfgr + 12, 0x8000'0000);
        EXPECT_EQ(vgic::bank(g.v, 32).edge, 0x8000'ffffu);
    }
    Guest two{v2};
    two.put(gicd::icfgr, 0);
    EXPECT_EQ(two.get(gicd::icfgr), 0xaaaa'aaaau) << "SGIs are edges for ever";
    EXPECT_EQ(two.get(gicd::icfgr + 4), 0u);
}

TEST(Distributor, TargetsOfGicv2AreOneBitAVcpu) {
    EXPECT_EQ(Guest{v3}.get(gicd::itargetsr + 40), 0u) << "GICv3 has routers instead";
    Guest g{v2};
    EXPECT_EQ(g.get(gicd::itargetsr), 0x0101'0101u) << "private interrupts: the reader";
    g.put(gicd::itargetsr + 40, 0x02, 1);
    EXPECT_EQ(g.get(gicd::itargetsr + 40, 1), 2u);
    g.put(gicd::itargetsr + 40, 0x80, 1);
    EXPECT_EQ(g.get(gicd::itargetsr + 40, 1), 2u) << "no such vCPU";
    g.put(gicd::itargetsr + 40, 0x00, 1);
    EXPECT_EQ(g.get(gicd::itargetsr + 40, 1), 2u);
    g.put(gicd::itargetsr + 40, 0x03, 1);
    EXPECT_EQ(g.get(gicd::itargetsr + 40, 1), 1u);
}

TEST(Distributor, RoutersOfGicv3HoldAnAffinity) {
    Guest g{v3};
    g.put(gicd::irouter + 8 * 40, 1, 8);
    EXPECT_EQ(g.get(gicd::irouter + 8 * 40, 8), 1u);
    EXPECT_EQ(g.vm().vgic.routed(40), 1);
    g.put(gicd::irouter + 8 * 40, 0x100, 8);
    EXPECT_EQ(g.vm().vgic.routed(40), 1) << "an affinity that nobody has";
    g.put(gicd::irouter + 8 * 40, 1ull << 31, 8);
    EXPECT_EQ(g.vm().vgic.routed(40), 0) << "any: ours is the first";
    g.put(gicd::irouter + 8 * 287, 1, 4);
    EXPECT_EQ(g.vm().vgic.routed(287), 1);
    g.put(gicd::irouter + 8 * 288, 1, 8);
    g.put(gicd::irouter + 8 * 31, 1, 8);
    EXPECT_EQ(g.get(gicd::irouter + 8 * 288, 8), 0u);
}

TEST(Distributor, SpisAreSetAndClearedPendingBySoftware) {
    for (auto version : {v2, v3}) {
        Guest g{version};
        g.put(gicd::ispendr + 4, 0x100);
        EXPECT_EQ(g.get(gicd::ispendr + 4), 0x100u);
        EXPECT_EQ(g.get(gicd::icpendr + 4), 0x100u);
        g.put(gicd::icpendr + 4, 0x100);
        EXPECT_EQ(g.get(gicd::ispendr + 4), 0u);
        g.put(gicd::isactiver + 4, 0x200);
        EXPECT_EQ(g.get(gicd::isactiver + 4), 0x200u);
        g.put(gicd::icactiver + 4, 0x200);
        EXPECT_EQ(g.get(gicd::isactiver + 4), 0u);
    }
}

TEST(Distributor, WhatIsInListRegistersReadsAsPendingAndActive) {
    Guest g{v3};
    testing::enable(g.v, 40, 0xa0, true);
    vgic::raise(g.v, 40);
    EXPECT_EQ(g.get(gicd::ispendr + 4), 0x100u);
    ASSERT_TRUE(host::guest_acknowledge());
    EXPECT_EQ(g.get(gicd::ispendr + 4), 0u);
    EXPECT_EQ(g.get(gicd::isactiver + 4), 0x100u);
    host::guest_end(40);
    EXPECT_EQ(g.get(gicd::isactiver + 4), 0u);
}

TEST(Distributor, EnablingDeliversWhatWaitedAndDisablingTakesItBack) {
    Guest g{v3};
    g.put(gicd::igroupr + 4, ~0u);
    g.put(gicd::ispendr + 4, 0x100);
    EXPECT_FALSE(host::guest_is_interrupted());
    g.put(gicd::isenabler + 4, 0x100);
    EXPECT_TRUE(host::guest_is_interrupted());
    g.put(gicd::icenabler + 4, 0x100);
    EXPECT_FALSE(host::guest_is_interrupted());
    g.put(gicd::isenabler + 4, 0x100);
    EXPECT_TRUE(host::guest_is_interrupted());
    g.put(gicd::ctlr, 0);
    EXPECT_FALSE(host::guest_is_interrupted());
    g.put(gicd::ctlr, 2);
    EXPECT_TRUE(host::guest_is_interrupted());
}

TEST(Distributor, SgirOfGicv2KnowsItsThreeFilters) {
    Guest g{v2, 3};
    auto const pending = [&](std::uint32_t i) { return g.vcpu(0, i).vgic.own.pending; };
    g.put(gicd::sgir, 0b110u << 16 | 1);
    EXPECT_EQ(pending(0) | pending(1) << 8 | pending(2) << 16, 0x02'0200u);
    g.put(gicd::sgir, 1u << 24 | 2);
    EXPECT_EQ(pending(0) | pending(1) << 8 | pending(2) << 16, 0x06'0600u);
    g.put(gicd::sgir, 2u << 24 | 3);
    EXPECT_EQ(pending(0), 8u);
    g.put(gicd::sgir, 3u << 24 | 0xff'0004);
    EXPECT_EQ((pending(0) | pending(1) | pending(2)) & 0x10, 0u) << "reserved";
    g.put(gicd::sgir, 0xf8'0005);
    EXPECT_EQ((pending(0) | pending(1) | pending(2)) & 0x20, 0u) << "absent";
}

TEST(Distributor, PendingSgisOfGicv2AreABitASender) {
    Guest g{v2};
    g.put(gicd::spendsgir + 3, 0x02, 1);
    EXPECT_EQ(g.get(gicd::spendsgir), 0x0200'0000u);
    EXPECT_EQ(g.get(gicd::cpendsgir + 3, 1), 0x02u);
    g.put(gicd::cpendsgir, 0xff00'0000);
    EXPECT_EQ(g.get(gicd::spendsgir), 0u);
    EXPECT_EQ(g.get(gicd::ispendr), 0u);
}

TEST(Distributor, SgisOfGicv2BecomePendingByTheirSendersOnly) {
    for (auto version : {v2, v3}) {
        Guest g{version};
        auto const bits = [&](std::uint32_t what) { return version == v2 ? g.get(what) : g.rget(gicr::sgi_frame + what); };
        auto const put = [&](std::uint32_t what, std::uint32_t value) {
            version == v2 ? g.put(what, value) : g.rput(gicr::sgi_frame + what, value);
        };
        put(gicd::ispendr, 0x0010'0008);
        EXPECT_EQ(bits(gicd::ispendr), version == v2 ? 0x0010'0000u : 0x0010'0008u);
        vgic::send_sgi(g.v, g.v, 3);
        put(gicd::icpendr, ~0u);
        EXPECT_EQ(bits(gicd::ispendr), version == v2 ? 0x0000'0008u : 0u);
    }
}

TEST(Distributor, NothingElseExistsAtAnySize) {
    for (auto version : {v2, v3}) {
        Guest g{version};
        for (std::uint32_t offset : {0x010u, 0x040u, 0x07cu, 0xd00u, 0xe00u, 0xf40u, 0x1000u, 0x5ffcu, 0x8000u, 0xfffcu}) {
            for (std::uint8_t size : {1, 2, 4, 8}) {
                g.put(offset & ~7u, ~0ull, size);
                EXPECT_EQ(g.get(offset & ~7u, size), 0u) << std::hex << offset;
            }
        }
        g.put(gicd::isenabler + 4, 0xff, 1);
        EXPECT_EQ(g.get(gicd::isenabler + 4), 0u) << "only words";
        g.put(gicd::isenabler, ~0ull, 8);
        EXPECT_EQ(g.get(gicd::isenabler + 4), 0u);
    }
}

TEST(Redistributor, EachHasItsAffinityAndTheLastSaysSo) {
    Guest g{v3};
    for (std::uint32_t i = 0; i < 2; ++i) {
        auto const typer = g.rget(i * gicr::stride + gicr::typer, 8);
        EXPECT_EQ(typer >> 32, i);
        EXPECT_EQ(typer >> 8 & 0xffff, i);
        EXPECT_EQ((typer & gicr::Typer::last) != 0, i == 1);
        EXPECT_EQ(g.rget(i * gicr::stride + gicr::typer), typer & 0xffff'ffff);
        EXPECT_EQ(g.rget(i * gicr::stride + gicr::typer + 4), typer >> 32);
        EXPECT_EQ(g.rget(i * gicr::stride + gicr::pidr2) >> 4 & 0xf, 3u);
    }
}

TEST(Distributor, AWriteIsPendingUntilTheOtherCoreHasTakenIt) {
    Guest g{v3, 2, {0, 1}};
    testing::enable(g.v, 40, 0xa0, true);
    vgic::raise(g.v, 40);
    EXPECT_EQ(g.get(gicd::ctlr) & gicd::Ctlr::rwp, 0u);
    g.put(gicd::icenabler + 4, 1u << 8);
    EXPECT_EQ(g.get(gicd::ctlr) & gicd::Ctlr::rwp, gicd::Ctlr::rwp);
    EXPECT_EQ(g.rget(gicr::stride + gicr::ctlr), vdev::gicr_ctlr_rwp);
    EXPECT_EQ(g.rget(gicr::ctlr), 0u) << "this core has";
    host::on_core(1);
    irq::handle_one(g.cpu());
    host::on_core(0);
    EXPECT_EQ(g.get(gicd::ctlr) & gicd::Ctlr::rwp, 0u);
    EXPECT_EQ(g.rget(gicr::stride + gicr::ctlr), 0u);
}

TEST(Redistributor, WakesWhenItIsTold) {
    Guest g{v3};
    EXPECT_EQ(g.rget(gicr::waker), gicr::Waker::processor_sleep | gicr::Waker::children_asleep);
    g.rput(gicr::waker, 0);
    EXPECT_EQ(g.rget(gicr::waker), 0u);
    EXPECT_NE(g.rget(gicr::stride + gicr::waker), 0u) << "the other still sleeps";
    g.redistributors.reset();
    EXPECT_NE(g.rget(gicr::waker), 0u);
}

TEST(Redistributor, HoldsThePrivateInterruptsOfItsVcpu) {
    Guest g{v3};
    constexpr auto second = gicr::stride + gicr::sgi_frame;
    g.rput(second + gicd::isenabler, 0x0800'0001);
    g.rput(second + gicd::igroupr, ~0u);
    g.rput(second + gicd::ipriorityr + 27, 0x40, 1);
    EXPECT_EQ(g.vcpu(0, 1).vgic.own.enabled, 0x0800'0001u);
    EXPECT_EQ(g.vcpu(0, 1).vgic.own.priority(27), 0x40);
    EXPECT_EQ(g.rget(second + gicd::isenabler), 0x0800'0001u);
    EXPECT_EQ(g.v.vgic.own.enabled, 0u);
    g.rput(gicr::sgi_frame + gicd::isenabler + 4, ~0u);
    EXPECT_EQ(vgic::bank(g.v, 32).enabled, 0u) << "SPIs are not its business";
    EXPECT_EQ(g.rget(gicr::sgi_frame + gicd::icfgr), 0xaaaa'aaaau);
}

TEST(Redistributor, PendingOfAnotherVcpuWakesIt) {
    Guest g{v3};
    Vcpu& other = g.vcpu(0, 1);
    g.enter(other);
    sched::block(other);
    g.run();
    testing::enable(other, 5);
    g.rput(gicr::stride + gicr::sgi_frame + gicd::ispendr, 1u << 5);
    EXPECT_EQ(other.state, VcpuState::Ready);
}

}  // namespace
}  // namespace tiffin
