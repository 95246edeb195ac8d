// Trapped system registers: the policy, and the timer and interrupts that EL2 emulates through them.
#include "armv8/timer.hpp"
#include "core/trap/testing.hpp"

namespace tiffin {
namespace {

using armv8::Ec;
using testing::guest_ram;
using testing::Trap;
constexpr std::uint32_t timer = abi::guest_map::physical_timer_intid;

TEST(SystemRegister, UnknownOnesAreUndefinedAndNamed) {
    Trap t;
    for (auto key : {armv8::sysreg(3, 0, 5, 3, 1), armv8::sysreg(3, 3, 9, 12, 0), armv8::sysreg(3, 4, 1, 1, 0),
                     armv8::sysreg(3, 6, 1, 1, 0), armv8::sysreg(2, 1, 0, 0, 0), armv8::sysreg(1, 0, 7, 1, 0),
                     armv8::sysreg(3, 0, 2, 1, 0), armv8::sysreg(3, 0, 0, 8, 0)}) {
        for (bool read : {true, false}) {
            t.v.regs.x[3] = 0x5a;
            t.system(key, read, 3);
            EXPECT_EQ(t.injected(), 0x0200'0000u) << std::hex << key;
            EXPECT_EQ(t.v.regs.x[3], 0x5au);
        }
    }
}

TEST(SystemRegister, CacheMaintenanceBySetAndWayIsSteppedOver) {
    Trap t;
    for (std::uint64_t iss : {0x14'1c0cull, 0x14'1c14ull, 0x14'1c1cull}) {  // as QEMU traps dc isw, csw, cisw
        t.v.regs.pc = guest_ram;
        t.take(Ec::SystemRegister, iss);
        EXPECT_EQ(t.v.regs.pc, guest_ram + 4);
        EXPECT_EQ(t.injected(), 0u);
    }
}

TEST(SystemRegister, ActlrReadsZeroAndKeepsNothing) {
    Trap t;
    t.msr(armv8::reg::actlr_el1, ~0ull);
    EXPECT_EQ(t.mrs(armv8::reg::actlr_el1), 0u);
}

TEST(SystemRegister, DebugReadsZeroAndIgnoresWritesInEveryVm) {
    Trap t;
    for (std::uint64_t iss : {0x24'0004ull, 0x28'0000ull, 0x28'0400ull}) {  // MDSCR_EL1, DBGBVR0_EL1, OSLAR_EL1 written
        t.take(Ec::SystemRegister, iss);
        EXPECT_EQ(t.injected(), 0u);
    }
    EXPECT_EQ(t.mrs(armv8::sysreg(2, 0, 0, 2, 2)), 0u);
    EXPECT_EQ(t.mrs(armv8::reg::oslsr_el1), 0b1000u) << "the OS lock exists and is open";
    EXPECT_EQ(t.mrs(armv8::sysreg(2, 3, 0, 1, 0)), 0u) << "MDCCSR_EL0";
}

TEST(SystemRegister, IdentificationFollowsThePolicy) {
    Trap t;
    t.hw().id[4][0] = 0x1201'0011'2111'0222;  // ID_AA64PFR0_EL1 of QEMU's max
    EXPECT_EQ(t.mrs(armv8::sysreg(3, 0, 0, 4, 0)), 0x1101'0000'0111'0022u);
    EXPECT_EQ(t.mrs(armv8::sysreg(3, 0, 0, 7, 7)), 0u) << "reserved ones read as zero";
    t.system(armv8::sysreg(3, 0, 0, 4, 0), true, 31);
    EXPECT_EQ(t.injected(), 0u);
    t.msr(armv8::sysreg(3, 0, 0, 4, 0), 1);
    EXPECT_EQ(t.injected(), 0x0200'0000u) << "they cannot be written";
}

TEST(SgiRegister, SendsToTheListToAllOthersAndToNobodyAbsent) {
    Trap t{abi::GicVersion::V3, {{.vcpus = 3}}};
    Vcpu &other = t.vcpu(0, 1), &third = t.vcpu(0, 2);
    auto const pending = [](Vcpu const& v) { return v.vgic.own.pending & 0xffff; };
    t.msr(armv8::reg::icc_sgi1r_el1, 5ull << 24 | 0b010);
    EXPECT_EQ(pending(other), 1u << 5);
    EXPECT_EQ(pending(third) | pending(t.v), 0u);
    t.msr(armv8::reg::icc_sgi1r_el1, 6ull << 24 | 1ull << 40);
    EXPECT_EQ(pending(other), 3u << 5);
    EXPECT_EQ(pending(third), 1u << 6);
    EXPECT_EQ(pending(t.v), 0u);
    t.msr(armv8::reg::icc_sgi1r_el1, 7ull << 24 | 0xfff8);
    t.msr(armv8::reg::icc_sgi1r_el1, 7ull << 24 | 1ull << 16 | 1);
    t.msr(armv8::reg::icc_sgi1r_el1, 7ull << 24 | 1ull << 44 | 1);
    EXPECT_EQ((pending(other) | pending(third) | pending(t.v)) & 1u << 7, 0u);
    EXPECT_EQ(t.injected(), 0u);
}

TEST(SgiRegister, IsUndefinedOnGicv2) {
    Trap t{abi::GicVersion::V2};
    t.msr(armv8::reg::icc_sgi1r_el1, 1);
    EXPECT_EQ(t.injected(), 0x0200'0000u);
}

TEST(PhysicalTimer, ADeadlineInThePastFiresAtOnce) {
    Trap t;
    testing::enable(t.v, timer);
    t.msr(armv8::reg::cntp_cval_el0, 0);
    t.msr(armv8::reg::cntp_ctl_el0, 1);
    EXPECT_TRUE(host::guest_is_interrupted());
    EXPECT_EQ(t.mrs(armv8::reg::cntp_ctl_el0), 5u) << "enabled, and its condition is met";
    t.msr(armv8::reg::cntp_ctl_el0, 3);
    EXPECT_FALSE(host::guest_is_interrupted()) << "masked: the line drops";
}

TEST(PhysicalTimer, ADeadlineToComeArmsAndFires) {
    Trap t;
    testing::enable(t.v, timer);
    t.msr(armv8::reg::cntp_tval_el0, 1000);
    t.msr(armv8::reg::cntp_ctl_el0, 1);
    EXPECT_EQ(t.hw().deadline, t.hw().counter + 1000);
    EXPECT_EQ(t.mrs(armv8::reg::cntp_ctl_el0), 1u);
    EXPECT_FALSE(host::guest_is_interrupted());
    t.fire_deadline();
    EXPECT_TRUE(host::guest_is_interrupted());
    t.msr(armv8::reg::cntp_tval_el0, 500);
    EXPECT_FALSE(host::guest_is_interrupted());
    EXPECT_EQ(t.hw().deadline, t.hw().counter + 500);
}

TEST(PhysicalTimer, TvalIsASigned32BitDistance) {
    Trap t;
    t.msr(armv8::reg::cntp_tval_el0, 0xffff'fff0);
    EXPECT_EQ(t.mrs(armv8::reg::cntp_cval_el0), t.hw().counter - 16);
    EXPECT_EQ(t.mrs(armv8::reg::cntp_tval_el0), 0xffff'fff0u) << "32 bits, the upper half is zero";
    t.msr(armv8::reg::cntp_tval_el0, 0xdead'beef'0000'0010);
    EXPECT_EQ(t.mrs(armv8::reg::cntp_cval_el0), t.hw().counter + 16);
}

TEST(PhysicalTimer, TheFarthestDeadlineNeverFires) {
    Trap t;
    t.msr(armv8::reg::cntp_cval_el0, ~0ull);
    t.msr(armv8::reg::cntp_ctl_el0, 1);
    EXPECT_EQ(t.hw().deadline, TimerQueue::never);
    t.hw().counter += 1ull << 62;
    sched::on_timer(t.cpu());
    EXPECT_FALSE(host::guest_is_interrupted());
    EXPECT_EQ(t.mrs(armv8::reg::cntp_ctl_el0), 1u);
}

TEST(PhysicalTimer, ThousandsOfReprogrammingsLeaveOneDeadline) {
    Trap t;
    t.msr(armv8::reg::cntp_ctl_el0, 1);
    for (std::uint64_t n = 0; n < 5000; ++n) t.msr(armv8::reg::cntp_tval_el0, 10'000 - n);
    EXPECT_EQ(t.cpu().timers.earliest(), t.hw().counter + 5001);
    t.msr(armv8::reg::cntp_ctl_el0, 0);
    EXPECT_EQ(t.cpu().timers.earliest(), TimerQueue::never);
}

}  // namespace
}  // namespace tiffin
