// Where a guest's exceptions end: every class, with syndromes as hardware gives them.
#include "core/trap/trap.hpp"

#include <gtest/gtest.h>

#include "armv8/pstate.hpp"
#include "armv8/sysreg.hpp"
#include "armv8/timer.hpp"
#include "core/testing.hpp"

namespace tiffin {
namespace {

using armv8::Ec;
using armv8::Esr;
using armv8::Syndrome;
using testing::Board;
using testing::guest_ram;
constexpr std::uint32_t timer = abi::guest_map::physical_timer_intid;
constexpr std::uint64_t il = 1u << 25;

/// A device that remembers the last access.
struct FakeDevice final : MmioDevice {
    std::uint64_t read(Vcpu&, MmioOp op) override {
        last = op;
        ++reads;
        return answer;
    }
    void write(Vcpu&, MmioOp op, std::uint64_t value) override {
        last = op;
        written = value;
        ++writes;
    }
    MmioOp last{};
    std::uint64_t answer{0}, written{0};
    unsigned reads{0}, writes{0};
};

struct Trap : testing::Board {
    FakeDevice device;
    Vcpu& v;

    explicit Trap(abi::GicVersion gic = abi::GicVersion::V3, std::vector<testing::VmSpec> const& specs = {testing::VmSpec{}})
        : Board{specs, gic}, v{run_first()} {
        vm().slots[0] = {.base = Ipa{abi::guest_map::pl011}, .size = 0x1000, .device = &device, .name = "the device"};
        vm().slot_count = 1;
        v.regs.pc = guest_ram + 0x100;
        hw().vbar = 0xffff'8000'0000'0800;
    }
    static std::uint64_t esr(Ec ec, std::uint64_t iss) { return Esr::EC::make(ec) | il | iss; }
    /// A trap with a syndrome `iss`, of class `ec`.
    bool take(Ec ec, std::uint64_t iss, std::uint64_t far = 0, std::uint64_t hpfar = 0) {
        return trap::on_synchronous(v, {.esr = esr(ec, iss), .far = far, .hpfar = hpfar});
    }
    bool touch(std::uint64_t iss, std::uint64_t ipa) { return take(Ec::DataAbortLower, iss, ipa, ipa >> 12 << 4); }
    /// mrs or msr of `key` with register `rt`.
    bool system(std::uint32_t key, bool read, unsigned rt) {
        return take(Ec::SystemRegister, key | static_cast<std::uint64_t>(rt) << 5 | (read ? 1 : 0));
    }
    std::uint64_t mrs(std::uint32_t key) {
        v.regs.x[3] = 0x5a5a'5a5a'5a5a'5a5a;
        system(key, true, 3);
        return v.regs.x[3];
    }
    void msr(std::uint32_t key, std::uint64_t value) {
        v.regs.x[3] = value;
        system(key, false, 3);
    }
    /// The syndrome of the exception that the guest was given, once; 0 if none.
    std::uint64_t injected() {
        EXPECT_LE(hw().injected.size(), 1u);
        auto const got = hw().injected.empty() ? 0 : hw().injected.front().esr;
        hw().injected.clear();
        return got;
    }
};

constexpr std::uint64_t uart = abi::guest_map::pl011;
// ISS of loads and stores as seen on QEMU 7.2 (a probe at EL1), with the register and size changed.
constexpr std::uint64_t ldr_w1 = 0x181'0006, ldrsb_w1 = 0x121'8006 & ~(1u << 15), str_x1 = 0x1c1'8046, str_xzr = 0x1df'8046,
                        ldp = 0x6, stp = 0x46;
constexpr std::uint64_t ldr_w1_misaligned = 0x181'0006, str_to_read_only = 0x1c1'804e;

TEST(Mmio, AWordIsReadIntoItsRegister) {
    Trap t;
    t.device.answer = 0xffff'ffff'8765'4321;
    t.v.regs.x[1] = ~0ull;
    EXPECT_FALSE(t.touch(ldr_w1, uart + 0x18));
    EXPECT_EQ(t.v.regs.x[1], 0x8765'4321u);
    EXPECT_EQ(t.device.last.offset, 0x18u);
    EXPECT_EQ(t.device.last.size, 4);
    EXPECT_EQ(t.v.regs.pc, guest_ram + 0x104);
    EXPECT_EQ(t.injected(), 0u);
}

TEST(Mmio, ASignedByteFillsWOrX) {
    Trap t;
    t.device.answer = 0x80;
    t.touch(ldrsb_w1, uart);
    EXPECT_EQ(t.v.regs.x[1], 0xffff'ff80u);
    t.touch(ldrsb_w1 | 1u << 15, uart);
    EXPECT_EQ(t.v.regs.x[1], 0xffff'ffff'ffff'ff80u);
}

TEST(Mmio, AStoreGivesOnlyItsBytes) {
    Trap t;
    t.v.regs.x[1] = 0x1122'3344'5566'7788;
    t.touch(str_x1, uart + 8);
    EXPECT_EQ(t.device.written, 0x1122'3344'5566'7788u);
    t.touch((str_x1 & ~(3ull << 22)) | 1ull << 22, uart + 2);
    EXPECT_EQ(t.device.written, 0x7788u);
    t.touch(str_xzr, uart);
    EXPECT_EQ(t.device.written, 0u) << "register 31 is zero";
    EXPECT_EQ(t.device.writes, 3u);
}

TEST(Mmio, ALoadIntoXzrReadsAndForgets) {
    Trap t;
    auto const before = t.v.regs.x[30];
    t.touch(ldr_w1 | 31ull << 16, uart);
    EXPECT_EQ(t.device.reads, 1u);
    EXPECT_EQ(t.v.regs.x[30], before);
    EXPECT_EQ(t.v.regs.pc, guest_ram + 0x104) << "pc lies behind the registers in memory";
}

TEST(Mmio, WhatHasNoSyndromeReachesNoDevice) {
    for (auto iss : {ldp, stp}) {
        Trap t;
        t.touch(iss, uart);
        EXPECT_EQ(t.device.reads + t.device.writes, 0u);
        EXPECT_EQ(Esr::EC::get(t.injected()), Ec::DataAbortSame);
    }
    Trap t;
    t.touch(ldr_w1_misaligned, uart + 1);
    EXPECT_EQ(t.device.reads, 0u);
    EXPECT_NE(t.injected(), 0u);
}

TEST(Mmio, NothingThereGivesAnAbortAndAWord) {
    Trap t;
    t.touch(ldr_w1, 0x5000'0000);
    auto const& got = t.hw().injected.at(0);
    EXPECT_EQ(got.esr, 0x9600'0010u) << "synchronous external abort, from EL1, read";
    EXPECT_EQ(got.far, 0x5000'0000u);
    EXPECT_EQ(got.pc, guest_ram + 0x100) << "the instruction has not been stepped over";
    EXPECT_EQ(t.v.regs.pc, t.hw().vbar + 0x200);
    auto const said = t.said();
    for (auto const* word : {"vm0", "vCPU 0", "0x40000100", "read of 4 bytes", "0x50000000", "RAM", "device.yaml:10"})
        EXPECT_NE(said.find(word), std::string::npos) << word << " in " << said;
    EXPECT_EQ(t.vm().faults, 1u);
}

TEST(Mmio, AnAbortFromEl0SaysSo) {
    Trap t;
    t.v.regs.pstate = armv8::Spsr::el0t;
    t.touch(str_x1, 0x5000'0000);
    EXPECT_EQ(t.hw().injected.at(0).esr, 0x9200'0050u);
    EXPECT_EQ(t.v.regs.pc, t.hw().vbar + 0x400);
}

TEST(Mmio, JustOutsideAWindowIsOutside) {
    Trap t;
    t.touch(ldr_w1, uart - 4);
    t.touch(ldr_w1, uart + 0x1000);
    EXPECT_EQ(t.device.reads, 0u);
    t.touch(ldr_w1, uart + 0xffc);
    EXPECT_EQ(t.device.reads, 1u);
}

TEST(Reports, AFloodIsCutToABurstAndOneASecond) {
    Trap t;
    auto const lines = [&] {
        auto const said = t.said();
        std::size_t n = 0;
        for (auto at = said.find("vCPU 0 at pc"); at != said.npos; at = said.find("vCPU 0 at pc", at + 1)) ++n;
        return n;
    };
    for (int n = 0; n < 100; ++n) t.touch(ldr_w1, 0x5000'0000);
    EXPECT_EQ(lines(), 8u);
    t.hw().counter += t.hw().frequency;
    for (int n = 0; n < 100; ++n) t.touch(ldr_w1, 0x5000'0000);
    EXPECT_EQ(lines(), 1u);
    EXPECT_EQ(t.vm().faults, 200u) << "counted though not printed";
}

TEST(CopyOnWriteFault, GivesTheGuestItsPageAndNoException) {
    Trap t;
    t.hw().translate = [](Gva) { return Ipa{guest_ram + 0x1234}; };
    t.take(Ec::DataAbortLower, str_to_read_only, 0xffff'0000'1234, 0xbad0);
    EXPECT_EQ(t.injected(), 0u);
    EXPECT_EQ(t.v.regs.pc, guest_ram + 0x100) << "the store is done again";
    EXPECT_EQ(*testing::private_ram(t.vm(), guest_ram + 0x1000), 0x11);
}

TEST(CopyOnWriteFault, OfATableWalkTrustsHpfar) {
    for (auto ec : {Ec::DataAbortLower, Ec::InstructionAbortLower}) {
        Trap t;
        t.hw().translate = [](Gva) -> std::optional<Ipa> { return std::nullopt; };
        t.take(ec, 1u << 7 | 0x0e, 0xffff'0000'0000, (guest_ram + 0x2000) >> 12 << 4);
        EXPECT_EQ(t.injected(), 0u) << "the hardware's update of an access flag is a write";
        EXPECT_EQ(t.hw().count(host::Event::Kind::CopyPage), 1u);
    }
}

TEST(CopyOnWriteFault, WithoutATranslationOrOutsideTheImageIsAnAbort) {
    Trap t;
    t.hw().translate = [](Gva) -> std::optional<Ipa> { return std::nullopt; };
    t.take(Ec::DataAbortLower, str_to_read_only, 0x1234);
    EXPECT_EQ(t.injected(), 0x9600'0050u);
    t.hw().translate = [](Gva) { return Ipa{uart}; };
    t.take(Ec::DataAbortLower, str_to_read_only, 0x1234);
    EXPECT_EQ(t.injected(), 0x9600'0050u);
    EXPECT_EQ(t.hw().count(host::Event::Kind::CopyPage), 0u);
}

TEST(InstructionAbort, IsGivenToTheGuest) {
    Trap t;
    t.v.regs.pc = 0x5000'0000;
    t.take(Ec::InstructionAbortLower, 0x6, 0x5000'0000, 0x50'0000);
    EXPECT_EQ(t.injected(), 0x8600'0010u);
    EXPECT_EQ(t.v.regs.pc, t.hw().vbar + 0x200);
    EXPECT_EQ(t.vm().state, VmState::Running);
}

TEST(InstructionAbort, InTheVectorsStopsTheVmInsteadOfLoopingForEver) {
    for (std::uint64_t offset : {0x0ull, 0x200ull, 0x7fcull}) {
        Trap t;
        t.v.regs.pc = t.hw().vbar + offset;
        EXPECT_TRUE(t.take(Ec::InstructionAbortLower, 0x6, t.v.regs.pc, 0x50'0000));
        EXPECT_EQ(t.vm().state, VmState::Crashed);
        EXPECT_EQ(t.injected(), 0u);
        EXPECT_NE(t.said().find("crashed"), std::string::npos);
    }
}

TEST(Wfi, SleepsAndWfeDoesNot) {
    Trap t;
    EXPECT_FALSE(t.take(Ec::Wfx, 0x1e0'0001));
    EXPECT_EQ(t.v.state, VcpuState::Running);
    EXPECT_TRUE(t.take(Ec::Wfx, 0x1e0'0000));
    EXPECT_EQ(t.v.state, VcpuState::Blocked);
    EXPECT_EQ(t.v.regs.pc, guest_ram + 0x108) << "both are stepped over";
}

TEST(Smc, NeverReachesFirmware) {
    Trap t;
    for (std::uint64_t function : {0x8400'0000ull, 0x8400'0008ull, 0xc400'0003ull, 0x8000'0000ull}) {
        t.v.regs.x[0] = function;
        t.v.regs.pc = guest_ram;
        t.take(Ec::Smc64, 0);
        EXPECT_EQ(t.v.regs.x[0], ~0ull);
        EXPECT_EQ(t.v.regs.pc, guest_ram + 4);
    }
    EXPECT_EQ(t.vm().state, VmState::Running);
}

TEST(Fp, IsGivenOnFirstUse) {
    Trap t;
    t.take(Ec::FpAccess, 0x1e0'0000);
    EXPECT_EQ(t.cpu().fp_owner, &t.v);
    EXPECT_EQ(t.v.regs.pc, guest_ram + 0x100) << "the instruction is done again";
    EXPECT_EQ(t.injected(), 0u);
}

TEST(Undefined, IsEveryClassThatNothingHandles) {
    for (unsigned ec = 0; ec < 64; ++ec) {
        switch (static_cast<Ec>(ec)) {
            case Ec::Wfx:
            case Ec::FpAccess:
            case Ec::Smc32:
            case Ec::Smc64:
            case Ec::SystemRegister:
            case Ec::InstructionAbortLower:
            case Ec::DataAbortLower: continue;
            default: break;
        }
        Trap t;
        t.take(static_cast<Ec>(ec), 0);
        EXPECT_EQ(t.injected(), 0x0200'0000u) << ec;
    }
}

TEST(SError, IsTheGuestsOwn) {
    Trap t;
    trap::on_serror(t.v);
    EXPECT_EQ(t.hw().serrors, 1u);
    EXPECT_NE(t.said().find("SError"), std::string::npos);
}

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
