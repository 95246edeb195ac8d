// Where a guest's exceptions end: every class, with syndromes as hardware gives them.
#include "core/trap/trap.hpp"

#include "armv8/pstate.hpp"
#include "core/trap/testing.hpp"

namespace tiffin {
namespace {

using armv8::Ec;
using armv8::Esr;
using testing::guest_ram;
using testing::Trap;

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
            case Ec::BreakpointLower:
            case Ec::SoftwareStepLower:
            case Ec::WatchpointLower:
            case Ec::Bkpt32:
            case Ec::Brk: continue;  // a debugger's: core/debug/debug_test.cpp
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

}  // namespace
}  // namespace tiffin
