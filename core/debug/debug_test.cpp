#include "armv8/debug.hpp"

#include <gtest/gtest.h>

#include "armv8/pstate.hpp"
#include "core/debug/link.hpp"
#include "core/debug/session.hpp"
#include "core/debug/walk.hpp"
#include "core/testing.hpp"
#include "core/trap/trap.hpp"

namespace tiffin {
namespace {

using armv8::Ec;
using testing::Board;
using testing::guest_ram;
using testing::VmSpec;

constexpr std::uint64_t own_brk = std::uint64_t{0x3c} << 26 | 1u << 25 | abi::debug::brk, guests_brk = own_brk ^ 1;

constexpr std::uint64_t esr(Ec ec) { return static_cast<std::uint64_t>(ec) << 26 | 1u << 25; }

/// VM 0 may be debugged and runs; VM 1 does not know of it. Commands come as from the console's UART.
class Debugged : public Board {
public:
    explicit Debugged(std::vector<VmSpec> const& specs = {{.flags = abi::vm_may_debug}, {}}) : Board{specs} {
        std::destroy_at(&debug::session);
        std::construct_at(&debug::session);
        console.set_commands(link_);
        boot();
        enter_debugged(vcpu(0));
        said();
    }

    /// What follows "debug: =", once it comes; meanwhile EL2 is left as the vectors leave it, on each core.
    std::string ask(std::string_view command) {
        link_.command(command);
        auto const core = host::current_core();
        for (int n = 0; n < 20; ++n) {
            link_.step();
            auto const text = said();
            auto const at = text.find("debug: =");
            if (at != text.npos) return text.substr(at + 8, text.find_first_of("\r\n", at) - at - 8);
            for (unsigned each = 0; each < machine.cpus.size(); ++each) settle(each);
            host::on_core(core);
        }
        return "nothing";
    }
    /// False: nothing more is to be done now.
    bool try_command(std::string_view command) {
        link_.command(command);
        return link_.step();
    }
    void settle(unsigned core) {
        host::on_core(core);
        while (irq::handle_one(cpu())) {
        }
        if (cpu().need_resched) leave();
    }
    Vcpu& leave() { return *debug::switch_vcpu(cpu()); }
    /// VM 0's vCPU runs, and its guest has this exception.
    void take(Vcpu& v, std::uint64_t esr, std::uint64_t far = 0) {
        trap::on_synchronous(v, {.esr = esr, .far = far, .hpfar = 0});
        if (cpu().need_resched) leave();
    }
    void enter_debugged(Vcpu& v) {
        for (int n = 0; n < 20 && cpu().current != &v; ++n) {
            if (cpu().current != nullptr) sched::yield(*cpu().current);
            hw().counter += hw().frequency / 100;
            leave();
        }
    }
    [[nodiscard]] std::string news() {
        link_.step();
        return said();
    }

private:
    debug::Link link_{console};
};

TEST(Debug, AControlRegisterNeverNamesEl2) {
    EXPECT_EQ(armv8::control_of(~0ull, armv8::bcr_allowed) & (1ull << 13 | 0b11ull << 14), 0u);
    EXPECT_EQ(armv8::control_of(1, armv8::wcr_allowed) & 0b110, 0b110u) << "EL1 and EL0, if it names none";
}

TEST(Debug, TheGuestsLevelStaysWhatItIsWhateverIsWrittenToPstate) {
    Vcpu v;
    v.regs.pstate = armv8::start_pstate;
    debug::write_register(v, debug::pstate, 0xf000'0009);  // EL2h
    EXPECT_EQ(v.regs.pstate, 0xf000'0005u);
}

TEST(Debug, VectorRegistersThatTheCoreHoldsAreInMemoryWhileTheVmIsPaused) {
    Debugged board;
    Vcpu& v = board.vcpu(0);
    arch::take_fp(v);
    board.ask("a0");
    EXPECT_EQ(board.cpu().fp_owner, nullptr);
    v.fp.v[63] = 0x31, v.fp.fpcr = 0xc, v.fp.fpsr = 0xd;
    EXPECT_EQ(board.ask("g0 79"), " 0000000000000031000000000000000c000000000000000d");
    EXPECT_EQ(board.ask("G0 3a 1234"), "");
    EXPECT_EQ(v.fp.v[0], 0x1234u);
}

TEST(Debug, AVmWhoseDescriptionDoesNotSayDebugIsRefused) {
    Debugged board;
    EXPECT_EQ(board.ask("a1"), " no");
    EXPECT_EQ(board.ask("a7"), " no") << "there is none";
    EXPECT_EQ(board.ask("g0 0"), " no") << "nobody is debugged";
    EXPECT_EQ(board.vm(0).state, VmState::Running);
}

TEST(Debug, AttachingStopsThatVmAndNoOther) {
    Debugged board;
    EXPECT_EQ(board.ask("a0"), " 1 4 2");
    EXPECT_EQ(board.vm(0).state, VmState::Paused);
    EXPECT_EQ(board.cpu().current, &board.vcpu(1));
    EXPECT_FALSE(board.hw().debug.armed) << "the other one runs without debug exceptions";
}

TEST(Debug, OnlyTheDebuggedVmRunsWithDebugExceptions) {
    Debugged board;
    board.ask("a0");
    EXPECT_EQ(board.ask("b0 40001000 1e7"), "");
    EXPECT_EQ(board.ask("c"), "");
    board.enter_debugged(board.vcpu(0));
    EXPECT_TRUE(board.hw().debug.armed);
    EXPECT_FALSE(board.hw().debug.step);
    EXPECT_EQ(board.hw().debug.registers->value[0], 0x4000'1000u);
    board.enter_debugged(board.vcpu(1));
    EXPECT_FALSE(board.hw().debug.armed);
}

TEST(Debug, ABreakpointStopsTheVmAndIsTold) {
    Debugged board;
    board.ask("a0");
    board.ask("c");
    board.enter_debugged(board.vcpu(0));
    board.take(board.vcpu(0), own_brk);
    EXPECT_EQ(board.vm(0).state, VmState::Paused);
    EXPECT_NE(board.news().find("debug: ! 0 0x3c 0x0"), std::string::npos);
    EXPECT_EQ(board.news(), "") << "once";
}

TEST(Debug, ABrkOfTheGuestsOwnIsGivenBackToIt) {
    Debugged board;
    board.ask("a0");
    board.ask("c");
    board.enter_debugged(board.vcpu(0));
    board.take(board.vcpu(0), guests_brk);
    board.take(board.vcpu(0), esr(Ec::Bkpt32));
    ASSERT_EQ(board.hw().injected.size(), 2u);
    EXPECT_EQ(board.hw().injected[0].esr, guests_brk);
    EXPECT_EQ(board.vm(0).state, VmState::Running);
}

TEST(Debug, AStepIsOneInstructionWithInterruptsHeldBack) {
    Debugged board;
    board.vcpu(0).regs.pstate = armv8::Spsr::el1h;
    board.ask("a0");
    EXPECT_EQ(board.ask("s0"), "");
    board.hw().ich_hcr = 1;
    board.enter_debugged(board.vcpu(0));
    EXPECT_TRUE(board.hw().debug.step);
    EXPECT_NE(board.vcpu(0).regs.pstate & armv8::spsr_ss, 0u);
    EXPECT_EQ(board.hw().ich_hcr, 0u);
    board.take(board.vcpu(0), esr(Ec::SoftwareStepLower));
    EXPECT_NE(board.news().find("debug: ! 0 0x32"), std::string::npos);
    board.ask("c");
    board.enter_debugged(board.vcpu(0));
    EXPECT_FALSE(board.hw().debug.step);
}

TEST(Debug, OnlyTheVcpuThatStepsMoves) {
    Debugged board{{{.vcpus = 2, .flags = abi::vm_may_debug}, {}}};
    lifecycle::turn_on(board.vcpu(0, 1), guest_ram, 0);
    board.ask("a0");
    board.ask("s0");
    EXPECT_FALSE(board.vcpu(0, 0).held);
    EXPECT_TRUE(board.vcpu(0, 1).held);
    board.enter_debugged(board.vcpu(0, 0));
    board.take(board.vcpu(0, 0), esr(Ec::SoftwareStepLower));
    board.ask("c");
    EXPECT_FALSE(board.vcpu(0, 1).held);
}

TEST(Debug, DetachingLeavesNothingArmed) {
    Debugged board;
    board.ask("a0");
    board.ask("b0 40001000 1e7");
    board.ask("c");
    board.enter_debugged(board.vcpu(0));
    board.ask("p");
    EXPECT_EQ(board.ask("z"), "");
    board.enter_debugged(board.vcpu(0));
    EXPECT_FALSE(board.hw().debug.armed);
    EXPECT_EQ(debug::session.registers.control[0], 0u);
    EXPECT_EQ(board.vm(0).state, VmState::Running);
    EXPECT_EQ(board.ask("a0"), " 1 4 2") << "and again";
}

TEST(Debug, AnExceptionOfAVmThatWasLetGoStopsNobody) {
    Debugged board;
    board.take(board.vcpu(0), own_brk);
    EXPECT_EQ(board.vm(0).state, VmState::Running);
    EXPECT_TRUE(board.hw().injected.empty()) << "it happens again, without a trap";
}

TEST(Debug, RegistersAndMemoryAreThoseOfTheVm) {
    Debugged board;
    board.vcpu(0).regs.x[7] = 0xabc;
    board.ask("a0");
    auto const said = board.ask("g0 0");
    EXPECT_EQ(said.substr(said.size() - 16), "0000000000000abc");
    EXPECT_EQ(board.ask("G0 20 40000010"), "");
    EXPECT_EQ(board.vcpu(0).regs.pc, 0x4000'0010u);
    EXPECT_EQ(board.ask("M0 40003ffe 2211 2"), "");
    EXPECT_EQ(board.ask("m0 40003ffe 2"), " 1122");
    EXPECT_EQ(board.ask("m0 40003ffe 3"), " no") << "a page's end";
    EXPECT_EQ(board.ask("m0 9000000 4"), " no") << "a device is no memory";
    EXPECT_EQ(board.ask("m1 40000000 4"), " no") << "there is no vCPU 1";
}

TEST(Debug, AWriteGivesTheVmItsOwnPageOfTheImage) {
    Debugged board;
    board.ask("a0");
    EXPECT_EQ(board.ask("M0 40000000 d420fe20 4"), "");
    EXPECT_EQ(board.ask("m0 40000000 4"), " 20fe20d4");
    EXPECT_FALSE(board.vm(0).stage2.image_page(Ipa{guest_ram}));
}

TEST(Debug, NonsenseIsRefused) {
    Debugged board;
    board.ask("a0");
    for (auto const* const command : {"", "x", "g0 x", "g0 0 0 0 0", "gg", "g0 7c", "G0 7c 1", "b4 0 1e7x", "b8 0 1e7", "b6 0 1",
                                      "m0 40000000 41", "M0 40000000 0 9", "\xff"})
        EXPECT_EQ(board.ask(command), " no") << command;
    EXPECT_EQ(board.vm(0).state, VmState::Paused);
}

TEST(Debug, WhatRunsIsNotReadBehindItsBack) {
    Debugged board;
    board.ask("a0");
    board.ask("c");
    for (auto const* const command : {"g0 0", "m0 40000000 4", "b0 0 1e7", "s0", "c"}) EXPECT_EQ(board.ask(command), " no");
    lifecycle::stop(board.vm(0), VmState::Crashed, 1, "test");
    EXPECT_EQ(board.ask("p"), " no");
    EXPECT_EQ(board.ask("z"), "");
}

TEST(Debug, OnSeveralCoresAnAnswerWaitsUntilAllStandStill) {
    Debugged board{{{.vcpus = 2, .cores = {0, 1}, .flags = abi::vm_may_debug}, {}}};
    lifecycle::turn_on(board.vcpu(0, 1), guest_ram, 0);
    host::on_core(1);
    board.hw().on_sleep = [] {};
    board.leave();
    board.hw().on_sleep = nullptr;
    ASSERT_EQ(board.cpu().current, &board.vcpu(0, 1));
    host::on_core(0);
    EXPECT_FALSE(board.try_command("a0")) << "a core that asked all the time would do nothing else";
    board.settle(0);
    EXPECT_EQ(debug::stopped(), debug::Outcome::NotYet) << "the other core has not heard of it";
    host::on_core(1);
    board.hw().on_sleep = [] { host::on_core(1), throw host::SleepsForEver{}; };
    EXPECT_THROW(board.settle(1), host::SleepsForEver);
    host::on_core(0);
    EXPECT_EQ(debug::stopped(), debug::Outcome::Done);
    EXPECT_EQ(board.said(), "");
    board.hw().counter += board.hw().frequency / 10'000;
    sched::on_timer(board.cpu());
    EXPECT_NE(board.said().find("debug: = 2 "), std::string::npos);
}

/// A page table of the guest's, written into its RAM.
TEST(Walk, GoesThroughTheGuestsOwnTables) {
    Debugged board{{{.ram = 0x10'0000, .flags = abi::vm_may_debug}}};
    Vcpu& v = board.vcpu(0);
    auto const put = [&](std::uint64_t at, std::uint64_t value) {
        std::memcpy(testing::private_ram(board.vm(0), at), &value, sizeof value);
    };
    EXPECT_EQ(debug::walk(v, Gva{0x4000'1234}), Ipa{0x4000'1234}) << "the MMU is off";
    constexpr std::uint64_t tables = guest_ram + 0x1'0000;
    v.el1.sctlr |= 1;
    v.el1.tcr = 16 | 16ull << 16 | 2ull << 30;  // 4 KiB, 48 bits, both halves
    v.el1.ttbr1 = tables;
    put(tables + 8 * 0x1ff, (tables + 0x1000) | 3);
    put(tables + 0x1000, (tables + 0x2000) | 3);
    put(tables + 0x2000, 0x4020'0000 | 1);  // 2 MiB
    put(tables + 0x2008, (tables + 0x3000) | 3);
    put(tables + 0x3000 + 8 * 5, 0x4000'7000 | 3 | 1ull << 54);  // a page
    EXPECT_EQ(debug::walk(v, Gva{0xffff'ff80'0000'1234}), Ipa{0x4020'1234});
    EXPECT_EQ(debug::walk(v, Gva{0xffff'ff80'0020'5678}), Ipa{0x4000'7678});
    EXPECT_EQ(debug::walk(v, Gva{0xffff'ff80'0020'0000}), std::nullopt) << "not mapped";
    EXPECT_EQ(debug::walk(v, Gva{0x0080'0000'0020'5678}), std::nullopt) << "no address at all";
    put(tables + 8 * 0x1ff, (Ipa{0x900'0000}.raw()) | 3);
    EXPECT_EQ(debug::walk(v, Gva{0xffff'ff80'0020'5678}), std::nullopt) << "a table in a device";
}

}  // namespace
}  // namespace tiffin
