#include "tool/debug/server.hpp"

#include <gtest/gtest.h>

#include "tool/debug/fake_target.hpp"

namespace tiffin::gdb {
namespace {

class GdbServer : public testing::Test {
protected:
    /// The payload of the answer to a packet; "nothing" if there is none.
    std::string ask(std::string_view payload) {
        auto const out = server.feed(packet(payload));
        return without_frame(out.starts_with('+') ? out.substr(1) : out);
    }
    static std::string without_frame(std::string const& out) {
        return out.size() < 4 ? "nothing" : out.substr(1, out.size() - 4);
    }
    std::string stops(Stop const& stop) { return without_frame(server.on_stop(stop)); }
    std::string_view word(std::uint64_t at) const { return std::string_view{vm.memory}.substr(at - FakeTarget::base, 4); }

    FakeTarget vm;
    Server server{vm};
};

constexpr std::string_view brk = "\x20\xfe\x20\xd4", own = "\x11\x11\x11\x11";

TEST_F(GdbServer, AcknowledgesUntilToldNotTo) {
    EXPECT_EQ(server.feed("$qC#b4"), "+$QC1#c5");
    EXPECT_EQ(server.feed("$qC#b5"), "-");
    EXPECT_EQ(ask("QStartNoAckMode"), "OK");
    EXPECT_EQ(server.feed("$qC#b4"), "$QC1#c5");
}

TEST_F(GdbServer, AnswersWithNothingToWhatItDoesNotKnow) {
    for (auto const* const packet : {"vMustReplyEmpty", "qTStatus", "X0,0:", "!", "Z5,0,4", ""})
        EXPECT_EQ(ask(packet), "") << packet;
}

TEST_F(GdbServer, TellsTheRegistersPieceByPiece) {
    auto const first = ask("qXfer:features:read:target.xml:0,10");
    EXPECT_EQ(first, "m<?xml version=\"1");
    auto const all = ask("qXfer:features:read:target.xml:0,ffff");
    EXPECT_EQ(all.front(), 'l');
    EXPECT_NE(all.find("org.gnu.gdb.aarch64.core"), all.npos);
    EXPECT_EQ(ask("qXfer:features:read:target.xml:ffff,10"), "E01");
}

TEST_F(GdbServer, HasAThreadForEachVcpu) {
    EXPECT_EQ(ask("qfThreadInfo"), "m1,2");
    EXPECT_EQ(ask("qsThreadInfo"), "l");
    EXPECT_EQ(ask("T2"), "OK");
    EXPECT_EQ(ask("T3"), "E01");
    EXPECT_EQ(ask("qThreadExtraInfo,2"), hex("vCPU 1"));
    EXPECT_EQ(ask("Hg3"), "E01");
    EXPECT_EQ(ask("Hg0"), "OK");
}

TEST_F(GdbServer, ReadsAndWritesRegistersOfTheChosenVcpu) {
    vm.values[1][30] = 0x1234;
    EXPECT_EQ(ask("p1e"), "0000000000000000");
    EXPECT_EQ(ask("Hg2"), "OK");
    EXPECT_EQ(ask("p1e"), "3412000000000000");
    EXPECT_EQ(ask("P20=0000004000000000"), "OK");
    EXPECT_EQ(vm.values[1][pc], 0x4000'0000u);
    EXPECT_EQ(ask("P21=c5030060"), "OK");
    EXPECT_EQ(vm.values[1][pstate], 0x6000'03c5u);
    EXPECT_EQ(ask("P21=c503006000000000"), "E01") << "cpsr is of 4 bytes";
}

TEST_F(GdbServer, ShowsEl1sSystemRegistersBehindThoseOfTheProgram) {
    vm.other_values[2] = 0x4000'1000;
    EXPECT_EQ(ask("p24"), "0010004000000000") << "TTBR0_EL1";
    EXPECT_EQ(ask("P36=0100000000000000"), "OK");
    EXPECT_EQ(vm.other_values[20], 1u);
}

TEST_F(GdbServer, VectorRegistersAreOf16BytesAndTheirControlRegistersOf4) {
    auto* const fp = vm.other_values.data() + (abi::debug::first_fp_register - register_count);
    EXPECT_EQ(ask("P37=0102030405060708090a0b0c0d0e0f10"), "OK");
    EXPECT_EQ(fp[0], 0x0807'0605'0403'0201u);
    EXPECT_EQ(fp[1], 0x100f'0e0d'0c0b'0a09u);
    EXPECT_EQ(ask("p37"), "0102030405060708090a0b0c0d0e0f10");
    EXPECT_EQ(ask("P56=ffffffffffffffffffffffffffffffff"), "OK");
    EXPECT_EQ(fp[63], ~0ull) << "v31 is the last one";
    EXPECT_EQ(ask("P57=01000000"), "OK");
    EXPECT_EQ(ask("P58=02000000"), "OK");
    EXPECT_EQ(fp[64], 2u) << "FPCR";
    EXPECT_EQ(fp[65], 1u) << "FPSR";
    EXPECT_EQ(ask("p58"), "02000000");
    EXPECT_EQ(ask("P37=00"), "E01");
    EXPECT_EQ(ask("p59"), "E01");
}

TEST_F(GdbServer, TakesAllRegistersBackAsItGaveThem) {
    for (unsigned n = 0; n < register_count; ++n) vm.values[0][n] = n + 1;
    auto const before = vm.values[0];
    auto const text = ask("g");
    EXPECT_EQ(text.size(), 2 * (33 * 8 + 4));
    vm.values[0] = {};
    EXPECT_EQ(ask("G" + text), "OK");
    EXPECT_EQ(vm.values[0], before);
    EXPECT_EQ(ask("G" + text + "00"), "E01");
    EXPECT_EQ(ask("G" + text.substr(2)), "E01");
}

TEST_F(GdbServer, ReadsAndWritesMemoryThatIsThere) {
    EXPECT_EQ(ask("m40000000,4"), "11111111");
    EXPECT_EQ(ask("M40000001,2:abcd"), "OK");
    EXPECT_EQ(ask("m40000000,4"), "11abcd11");
    EXPECT_EQ(ask("m3fffffff,4"), "E01");
    EXPECT_EQ(ask("M40000001,3:abcd"), "E01") << "fewer bytes than said";
}

TEST_F(GdbServer, ASoftwareBreakpointIsABrkThatGdbDoesNotSee) {
    EXPECT_EQ(ask("Z0,40000008,4"), "OK");
    EXPECT_EQ(word(0x4000'0008), brk);
    EXPECT_EQ(ask("m40000006,8"), "1111111111111111");
    EXPECT_EQ(ask("M4000000a,2:2233"), "OK");
    EXPECT_EQ(word(0x4000'0008), brk) << "still there after a write over it";
    EXPECT_EQ(ask("z0,40000008,4"), "OK");
    EXPECT_EQ(word(0x4000'0008), "\x11\x11\x22\x33");
    EXPECT_EQ(ask("z0,40000008,4"), "OK") << "gdb may say it twice";
    EXPECT_EQ(ask("Z0,50000000,4"), "E01");
    EXPECT_EQ(ask("Z0,40000002,4"), "E01") << "no instruction begins there";
}

TEST_F(GdbServer, HardwareBreakpointsAreAsManyAsTheProcessorHas) {
    EXPECT_EQ(ask("Z1,40000008,4"), "OK");
    EXPECT_EQ(vm.slot_values[0].address, 0x4000'0008u);
    EXPECT_EQ(vm.slot_values[0].control, 0x1e7u);
    EXPECT_EQ(ask("Z1,4000000c,4"), "OK");
    EXPECT_EQ(ask("Z1,40000010,4"), "E01");
    EXPECT_EQ(ask("z1,40000008,4"), "OK");
    EXPECT_EQ(vm.slot_values[0].control, 0u);
    EXPECT_EQ(ask("Z1,40000010,4"), "OK");
    EXPECT_EQ(word(0x4000'0008), own) << "memory is as it was";
}

TEST_F(GdbServer, AWatchpointChoosesBytesOrARange) {
    EXPECT_EQ(ask("Z2,4000000c,4"), "OK");
    EXPECT_EQ(vm.slot_values[2].address, 0x4000'0008u);
    EXPECT_EQ(vm.slot_values[2].control, 0xf0u << 5 | 2u << 3 | 0b111);
    EXPECT_EQ(ask("z2,4000000c,4"), "OK");
    EXPECT_EQ(ask("Z4,40000020,20"), "OK");
    EXPECT_EQ(vm.slot_values[2].control, 5u << 24 | 0xffu << 5 | 3u << 3 | 0b111);
    EXPECT_EQ(ask("z4,40000020,20"), "OK");
    EXPECT_EQ(ask("Z3,40000004,8"), "E01") << "across a doubleword";
    EXPECT_EQ(ask("Z3,40000000,0"), "E01");
    EXPECT_EQ(ask("Z3,40000000,1"), "OK");
    EXPECT_EQ(vm.slot_values[2].control, 1u << 5 | 1u << 3 | 0b111);
}

TEST_F(GdbServer, ContinuesAndStepsTheVcpuThatGdbNames) {
    EXPECT_EQ(ask("vCont?"), "vCont;c;C;s;S");
    EXPECT_EQ(ask("vCont;c"), "nothing");
    EXPECT_EQ(stops({}), "T02thread:1;");
    EXPECT_EQ(ask("vCont;s:2;c"), "nothing");
    EXPECT_EQ(stops({.why = Stop::Why::Step, .vcpu = 1}), "T05thread:2;");
    EXPECT_EQ(ask("s"), "nothing");
    EXPECT_EQ(stops({.why = Stop::Why::Step, .vcpu = 1}), "T05thread:2;");
    EXPECT_EQ(vm.done, "go step1 step1 ");
    EXPECT_EQ(ask("vCont;s:9"), "E01");
    EXPECT_EQ(ask("vCont;"), "E01");
    EXPECT_EQ(ask("c40000010"), "nothing");
    EXPECT_EQ(vm.values[1][pc], 0x4000'0010u);
}

TEST_F(GdbServer, SaysWhyTheVmStopped) {
    ask("Z0,40000008,4");
    ask("Z2,4000000c,4");
    ask("c");
    vm.values[1][pc] = 0x4000'0008;
    EXPECT_EQ(stops({.why = Stop::Why::Breakpoint, .vcpu = 1}), "T05thread:2;swbreak:;");
    ask("c");
    vm.values[0][pc] = 0x4000'0010;
    EXPECT_EQ(stops({.why = Stop::Why::Breakpoint}), "T05thread:1;hwbreak:;");
    ask("c");
    EXPECT_EQ(stops({.why = Stop::Why::Watchpoint, .address = 0x4000'0008}), "T05thread:1;watch:4000000c;")
        << "an access from before: gdb knows only the bytes that it asked for";
    EXPECT_EQ(ask("?"), "T05thread:1;watch:4000000c;");
}

TEST_F(GdbServer, AnInterruptStopsAVmThatRuns) {
    server.feed("\x03");
    EXPECT_EQ(vm.done, "") << "it stands still already";
    ask("c");
    server.feed("\x03");
    EXPECT_EQ(vm.done, "go stop ");
    EXPECT_EQ(ask("g"), "E01") << "not before it has stopped";
    EXPECT_EQ(stops({}), "T02thread:1;");
    EXPECT_EQ(stops({}), "nothing") << "told once";
}

TEST_F(GdbServer, DetachingLeavesNothingBehind) {
    ask("Z0,40000008,4");
    ask("Z1,40000010,4");
    ask("Z2,40000018,8");
    EXPECT_EQ(ask("D"), "OK");
    EXPECT_EQ(word(0x4000'0008), own);
    for (auto const& slot : vm.slot_values) EXPECT_EQ(slot.control, 0u);
    EXPECT_EQ(vm.done, "leave ");
    EXPECT_TRUE(server.over());
    EXPECT_EQ(server.feed("$g#67"), "");
}

TEST_F(GdbServer, TheEndOfTheVmIsTheEndOfTheProgram) {
    ask("c");
    EXPECT_EQ(without_frame(server.on_end(false)), "W00");
    EXPECT_TRUE(server.over());
    EXPECT_EQ(vm.done, "go leave ");
}

TEST_F(GdbServer, AnEndWhileItStandsStillIsToldWhenItShallGoOn) {
    EXPECT_EQ(server.on_end(true), "");
    EXPECT_EQ(ask("vCont;c"), "X06");
    EXPECT_EQ(vm.done, "leave ") << "it did not go on";
}

TEST_F(GdbServer, AHangUpOfGdbIsADetachOnceTheVmHasStopped) {
    ask("Z0,40000008,4");
    ask("c");
    server.on_hang_up();
    EXPECT_EQ(vm.done, "go stop ");
    EXPECT_EQ(stops({}), "nothing");
    EXPECT_EQ(word(0x4000'0008), own);
    EXPECT_EQ(vm.done, "go stop leave ");
}

}  // namespace
}  // namespace tiffin::gdb
