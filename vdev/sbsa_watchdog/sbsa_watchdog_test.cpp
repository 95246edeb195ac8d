#include "vdev/sbsa_watchdog/sbsa_watchdog.hpp"

#include <gtest/gtest.h>

#include "abi/guest_map.hpp"
#include "core/lifecycle/lifecycle.hpp"
#include "core/testing.hpp"

namespace tiffin {
namespace {

using testing::Board;

// DEN 0029, "Generic Watchdog": offsets in the control frame, which lies behind the refresh frame here.
constexpr std::uint32_t wrr = 0, wcs = 0x1'0000, wor = 0x1'0008, wcv = 0x1'0010, iidr = 0x1'0fcc;

struct Watched : Board {
    vdev::SbsaWatchdog dog{vm()};

    Watched() : Board{{{}, {}}} {
        vm().watchdog = &dog;
        boot();
        enter(vcpu());
    }
    void write(std::uint32_t offset, std::uint32_t value) { dog.write(vcpu(), {.offset = offset, .size = 4}, value); }
    std::uint32_t read(std::uint32_t offset) {
        return static_cast<std::uint32_t>(dog.read(vcpu(), {.offset = offset, .size = 4}));
    }
    void enable(std::uint32_t ticks) {
        write(wor, ticks);
        write(wcs, 1);
    }
    bool interrupt() {
        auto const& b = vgic::bank(vcpu(), abi::guest_map::watchdog_intid);
        return (b.line & vgic::mask(abi::guest_map::watchdog_intid)) != 0;
    }
    /// Time passes, and the EL2 timer fires for what is due.
    void pass(std::uint64_t ticks) {
        auto const until = hw().counter + ticks;
        while (hw().deadline <= until) fire_deadline();
        hw().counter = until;
    }
};

TEST(SbsaWatchdog, SignalsFirstAndEndsTheVmSecond) {
    Watched w;
    w.enable(10'000);
    w.pass(9'000);
    EXPECT_EQ(w.read(wcs), 1u);
    w.pass(2'000);
    EXPECT_EQ(w.read(wcs), 3u) << "WS0";
    EXPECT_TRUE(w.interrupt());
    w.pass(11'000);
    EXPECT_EQ(w.vm().state, VmState::Crashed);
    EXPECT_NE(w.said().find("vm0: crashed: its watchdog was not refreshed"), std::string::npos);
    EXPECT_EQ(w.vm(1).state, VmState::Running) << "the other does not notice";
}

TEST(SbsaWatchdog, ARefreshBeginsAnew) {
    Watched w;
    w.enable(10'000);
    for (int n = 0; n < 5; ++n) {
        w.pass(8'000);
        w.write(wrr, 0);
    }
    EXPECT_EQ(w.read(wcs), 1u);
    w.pass(11'000);
    EXPECT_TRUE(w.interrupt());
    w.write(wrr, 0);
    EXPECT_FALSE(w.interrupt());
    EXPECT_EQ(w.read(wcs), 1u);
    EXPECT_EQ(w.vm().state, VmState::Running);
}

TEST(SbsaWatchdog, DoesNothingUnlessItIsEnabled) {
    Watched w;
    w.write(wor, 10);
    w.pass(100'000);
    EXPECT_EQ(w.read(wcs), 0u);
    w.enable(10'000);
    w.write(wcs, 0);
    w.pass(100'000);
    EXPECT_EQ(w.vm().state, VmState::Running);
}

TEST(SbsaWatchdog, APauseDoesNotBite) {
    Watched w;
    w.enable(10'000);
    w.pass(5'000);
    lifecycle::pause(w.vm());
    w.run();
    w.pass(1'000'000);
    lifecycle::resume(w.vm());
    EXPECT_EQ(w.vm().state, VmState::Running);
    EXPECT_EQ(w.read(wcs), 1u);
    w.write(wrr, 0);  // it runs again, and is in time
    w.pass(9'000);
    EXPECT_EQ(w.vm().state, VmState::Running);
}

TEST(SbsaWatchdog, IsOffAfterItsVmStartsAnew) {
    Watched w;
    w.enable(10'000);
    w.dog.reset();
    w.pass(100'000);
    EXPECT_EQ(w.vm().state, VmState::Running);
    EXPECT_EQ(w.read(wcs), 0u);
}

TEST(SbsaWatchdog, SaysItsVersionAndTakesWholeWords) {
    Watched w;
    EXPECT_EQ(w.read(iidr) >> 16 & 0xf, 1u) << "48 bits of WOR";
    w.write(wor + 4, 0xffff'ffff);
    EXPECT_EQ(w.read(wor + 4), 0xffffu);
    EXPECT_EQ(w.dog.read(w.vcpu(), {.offset = wcs, .size = 1}), 0u);
    w.write(wcv, 5);
    EXPECT_EQ(w.read(wcv), 5u);
    for (std::uint32_t at = 0; at < 0x2'0000; at += 0x3c) {
        w.write(at & ~3u, ~0u);
        std::ignore = w.read(at & ~3u);
    }
}

}  // namespace
}  // namespace tiffin
