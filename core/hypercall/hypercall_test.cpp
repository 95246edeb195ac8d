#include "core/hypercall/hypercall.hpp"

#include <gtest/gtest.h>

#include "abi/hypercalls.hpp"
#include "core/testing.hpp"
#include "core/trap/trap.hpp"

namespace tiffin {
namespace {

using armv8::psci::Function;
using armv8::psci::Return;
using testing::Board;
using testing::guest_ram;
namespace smccc = armv8::smccc;
constexpr std::uint64_t not_supported = smccc::not_supported;
constexpr std::uint64_t garbage = 0xdead'beef'0000'0000;

/// The guest calls; x0 comes back.
std::uint64_t call(Vcpu& v, std::uint64_t function, std::uint64_t x1 = 0, std::uint64_t x2 = 0, std::uint64_t x3 = 0) {
    v.regs.x[0] = function, v.regs.x[1] = x1, v.regs.x[2] = x2, v.regs.x[3] = x3;
    trap::on_hypercall(v);
    return v.regs.x[0];
}
std::uint64_t call(Vcpu& v, Function function, std::uint64_t x1 = 0, std::uint64_t x2 = 0, std::uint64_t x3 = 0) {
    return call(v, static_cast<std::uint64_t>(function), x1, x2, x3);
}
constexpr std::uint64_t wide(Function function) { return static_cast<std::uint64_t>(function) | smccc::sixty_four; }
constexpr std::uint64_t code(Return r) { return static_cast<std::uint64_t>(r); }
constexpr std::uint64_t code(abi::Error e) { return static_cast<std::uint64_t>(e); }

TEST(Smccc, SaysItsVersionAndFeatures) {
    Board board;
    Vcpu& v = board.run_first();
    EXPECT_EQ(call(v, smccc::version), 0x1'0001u);
    EXPECT_EQ(call(v, garbage | smccc::version), 0x1'0001u) << "the function identifier is w0";
    EXPECT_EQ(call(v, smccc::arch_features, smccc::version), 0u);
    EXPECT_EQ(call(v, smccc::arch_features, smccc::arch_soc_id), not_supported);
    EXPECT_EQ(call(v, smccc::arch_features, smccc::arch_workaround_1), not_supported);
}

TEST(Smccc, TheVendorUidIsTiffinsAndNotUnknown) {
    Board board;
    Vcpu& v = board.run_first();
    EXPECT_EQ(call(v, smccc::vendor_uid), 0xa2f3'e1b6u) << "bytes 0..3 of the UUID, the first lowest (DEN 0028)";
    EXPECT_EQ(v.regs.x[3], 0x312e'6e69u);
    EXPECT_EQ(call(v, smccc::vendor_revision), abi::abi_version);
    EXPECT_EQ(call(v, smccc::vendor_call_count), hypercall::own_call_count);
}

TEST(Smccc, EverythingUnknownIsNotSupported) {
    Board board;
    Vcpu& v = board.run_first();
    for (std::uint64_t const function :
         std::initializer_list<std::uint64_t>{0x0ull, 0x8000'0003ull, 0x8400'0007ull, 0x8400'00ffull, 0xc400'0000ull,
                                              0xc400'0002ull, abi::hypercall_base + hypercall::own_call_count, 0xc600'ffffull,
                                              0x8600'0000ull, 0xffff'ffffull, 0x8400'0054ull, 0xc400'0050ull}) {
        EXPECT_EQ(call(v, function), not_supported) << std::hex << function;
        EXPECT_EQ(v.state, VcpuState::Running);
    }
}

TEST(Psci, SaysItsVersionAndThatNoTrustedOsMigrates) {
    Board board;
    Vcpu& v = board.run_first();
    EXPECT_EQ(call(v, Function::Version), 0x1'0001u);
    EXPECT_EQ(call(v, Function::MigrateInfoType), 2u);
    EXPECT_EQ(call(v, Function::Migrate), not_supported);
    EXPECT_EQ(call(v, Function::SystemSuspend), not_supported);
}

TEST(Psci, FeaturesNamesExactlyWhatIsThere) {
    Board board;
    Vcpu& v = board.run_first();
    for (auto f :
         {Function::Version, Function::CpuSuspend, Function::CpuOff, Function::CpuOn, Function::AffinityInfo,
          Function::MigrateInfoType, Function::SystemOff, Function::SystemReset, Function::Features, Function::SystemReset2})
        EXPECT_EQ(call(v, Function::Features, static_cast<std::uint64_t>(f)), 0u) << std::hex << static_cast<std::uint32_t>(f);
    for (auto f : {Function::CpuSuspend, Function::CpuOn, Function::AffinityInfo, Function::SystemReset2})
        EXPECT_EQ(call(v, Function::Features, wide(f)), 0u);
    for (auto f : {Function::Version, Function::CpuOff, Function::SystemOff, Function::SystemReset, Function::Features})
        EXPECT_EQ(call(v, Function::Features, wide(f)), not_supported) << "has no 64-bit form";
    EXPECT_EQ(call(v, Function::Features, smccc::version), 0u);
    EXPECT_EQ(call(v, Function::Features, static_cast<std::uint64_t>(Function::Migrate)), not_supported);
    EXPECT_EQ(call(v, Function::Features, 0x1234), not_supported);
}

TEST(Psci, CpuOnStartsAnotherVcpuWhereItIsTold) {
    Board board{{{.vcpus = 2}}};
    Vcpu &v = board.run_first(), &other = board.vcpu(0, 1);
    EXPECT_EQ(call(v, wide(Function::CpuOn), 1, guest_ram + 0x1000, 0x1234'5678'9abc), 0u);
    EXPECT_EQ(other.state, VcpuState::Ready);
    EXPECT_EQ(other.regs.pc, guest_ram + 0x1000);
    EXPECT_EQ(other.regs.x[0], 0x1234'5678'9abcu);
    EXPECT_EQ(call(v, wide(Function::CpuOn), 1, guest_ram), code(Return::AlreadyOn));
    EXPECT_EQ(call(v, wide(Function::CpuOn), 0, guest_ram), code(Return::AlreadyOn)) << "itself";
}

TEST(Psci, TheNarrowFormIgnoresTheUpperHalves) {
    Board board{{{.vcpus = 2}}};
    Vcpu &v = board.run_first(), &other = board.vcpu(0, 1);
    EXPECT_EQ(call(v, Function::AffinityInfo, garbage | 1, garbage), 1u);
    EXPECT_EQ(call(v, Function::CpuOn, garbage | 1, garbage | guest_ram, garbage | 7), 0u);
    EXPECT_EQ(other.regs.pc, guest_ram);
    EXPECT_EQ(other.regs.x[0], 7u);
}

TEST(Psci, CpuOnRefusesAbsentTargetsAndBadEntries) {
    Board board{{{.vcpus = 2}}};
    Vcpu &v = board.run_first(), &other = board.vcpu(0, 1);
    for (std::uint64_t target : {2ull, 0xffull, 0x100ull, 0x1'0000'0001ull, ~0ull})
        EXPECT_EQ(call(v, wide(Function::CpuOn), target, guest_ram), code(Return::InvalidParameters)) << target;
    for (std::uint64_t entry :
         std::initializer_list<std::uint64_t>{0, guest_ram - 4, guest_ram + 0x1'0000, guest_ram + 2, ~0ull, ~3ull, 1ull << 48})
        EXPECT_EQ(call(v, wide(Function::CpuOn), 1, entry), code(Return::InvalidAddress)) << std::hex << entry;
    EXPECT_EQ(other.state, VcpuState::Off);
    EXPECT_EQ(call(v, wide(Function::CpuOn), 1, guest_ram + 0xfffc), 0u) << "the last word of RAM is in RAM";
}

TEST(Psci, AffinityInfoKnowsOnOffAndAbsent) {
    Board board{{{.vcpus = 2}}};
    Vcpu& v = board.run_first();
    EXPECT_EQ(call(v, wide(Function::AffinityInfo), 0, 0), 0u);
    EXPECT_EQ(call(v, wide(Function::AffinityInfo), 1, 0), 1u);
    EXPECT_EQ(call(v, wide(Function::AffinityInfo), 2, 0), code(Return::InvalidParameters));
    EXPECT_EQ(call(v, wide(Function::AffinityInfo), 0, 1), code(Return::InvalidParameters)) << "only level 0";
}

TEST(Psci, CpuOffOfTheLastVcpuStopsTheVm) {
    Board board{{{.vcpus = 2}}};
    Vcpu &v = board.run_first(), &other = board.vcpu(0, 1);
    call(v, wide(Function::CpuOn), 1, guest_ram);
    call(v, Function::CpuOff);
    EXPECT_EQ(v.state, VcpuState::Off);
    EXPECT_TRUE(board.cpu().need_resched);
    EXPECT_EQ(&board.run(), &other);
    EXPECT_EQ(board.vm().state, VmState::Running);
    EXPECT_EQ(call(other, wide(Function::CpuOn), 0, guest_ram + 8), 0u);
    EXPECT_EQ(v.regs.pc, guest_ram + 8);
    call(other, Function::CpuOff);
    board.enter(v);
    call(v, Function::CpuOff);
    EXPECT_EQ(board.vm().state, VmState::Stopped);
}

TEST(Psci, CpuOnAfterCpuOffFindsNoOldInterruptPriorities) {
    Board board{{{.vcpus = 2}}};
    Vcpu &v = board.run_first(), &other = board.vcpu(0, 1);
    call(v, wide(Function::CpuOn), 1, guest_ram);
    board.enter(other);
    other.vgic.apr[1] = 1, other.vgic.vmcr = 0xff;
    vgic::set_line(other, abi::guest_map::physical_timer_intid, true);
    call(other, Function::CpuOff);
    board.run();
    call(v, wide(Function::CpuOn), 1, guest_ram);
    EXPECT_EQ(other.vgic.apr[0] | other.vgic.apr[1] | other.vgic.vmcr, 0u);
    EXPECT_EQ(other.vgic.own.line, 0u) << "a timer that is off has no interrupt";
}

TEST(Psci, CpuSuspendIsAStandbyThatAnInterruptEnds) {
    Board board{{{.spi = 79}}};
    Vcpu& v = board.run_first();
    testing::enable(v, 79);
    EXPECT_EQ(call(v, wide(Function::CpuSuspend), 0x1'0000, 0, 0), 0u);
    EXPECT_EQ(v.state, VcpuState::Blocked);
    board.hw().on_sleep = [&] { board.hw().irq_pending.insert(79); };
    EXPECT_EQ(&board.run(), &v);
    EXPECT_EQ(call(v, wide(Function::CpuSuspend), 0, 0, 0), 0u);
    EXPECT_EQ(v.state, VcpuState::Running) << "with an interrupt pending it returns at once";
}

TEST(Psci, SystemOffAndResetActOnTheCallingVmAlone) {
    Board board{{{}, {}}};
    board.boot();
    Vcpu &a = board.vcpu(0), &b = board.vcpu(1);
    board.enter(a);
    call(a, Function::SystemReset);
    EXPECT_EQ(board.vm(0).state, VmState::Starting);
    board.enter(b);
    call(b, Function::SystemOff);
    EXPECT_EQ(board.vm(1).state, VmState::Stopped);
    EXPECT_EQ(&board.run(), &a);
    EXPECT_EQ(board.vm(0).state, VmState::Running);
    EXPECT_EQ(call(a, wide(Function::SystemReset2), 0x8000'0000), code(Return::InvalidParameters));
    EXPECT_EQ(board.vm(0).state, VmState::Running);
    call(a, wide(Function::SystemReset2), 0);
    EXPECT_EQ(board.vm(0).state, VmState::Starting);
}

TEST(Trng, SaysWhatItIs) {
    Board board;
    Vcpu& v = board.run_first();
    namespace fn = armv8::trng;
    EXPECT_EQ(call(v, fn::version), 0x1'0000u);
    for (auto f : {fn::version, fn::features, fn::get_uuid, fn::rnd32, fn::rnd64}) EXPECT_EQ(call(v, fn::features, f), 0u);
    EXPECT_EQ(call(v, fn::features, 0x8400'0054), not_supported);
    EXPECT_NE(call(v, fn::get_uuid), not_supported);
}

TEST(Trng, GivesTheBitsAskedForRightAlignedAndNoMore) {
    Board board;
    Vcpu& v = board.run_first();
    auto const below = [](std::uint64_t value, unsigned bits) { return bits >= 64 || value >> bits == 0; };
    for (unsigned bits = 1; bits <= 192; ++bits) {
        ASSERT_EQ(call(v, armv8::trng::rnd64, bits, ~0ull, ~0ull), 0u);
        EXPECT_TRUE(below(v.regs.x[3], bits)) << bits;
        EXPECT_TRUE(below(v.regs.x[2], bits > 64 ? bits - 64 : 0)) << bits;
        EXPECT_TRUE(below(v.regs.x[1], bits > 128 ? bits - 128 : 0)) << bits;
    }
    for (unsigned bits = 1; bits <= 96; ++bits) {
        ASSERT_EQ(call(v, armv8::trng::rnd32, garbage | bits, ~0ull, ~0ull), 0u) << "w1 is the count";
        EXPECT_TRUE(below(v.regs.x[3], bits < 32 ? bits : 32)) << bits;
        EXPECT_TRUE(below(v.regs.x[1], bits > 64 ? bits - 64 : 0)) << bits;
    }
}

TEST(Trng, RefusesNoneAndTooMany) {
    Board board;
    Vcpu& v = board.run_first();
    auto const invalid = static_cast<std::uint64_t>(armv8::trng::invalid_parameters);
    for (std::uint64_t bits : {0ull, 193ull, ~0ull}) EXPECT_EQ(call(v, armv8::trng::rnd64, bits), invalid) << bits;
    for (std::uint64_t bits : {0ull, 97ull, 0xffff'ffffull}) EXPECT_EQ(call(v, armv8::trng::rnd32, bits), invalid) << bits;
}

TEST(Trng, EveryBitTakesBothValues) {
    Board board;
    Vcpu& v = board.run_first();
    std::uint64_t ones[3] = {}, zeros[3] = {};
    for (int n = 0; n < 200; ++n) {
        call(v, armv8::trng::rnd64, 192);
        for (unsigned i = 0; i < 3; ++i) ones[i] |= v.regs.x[1 + i], zeros[i] |= ~v.regs.x[1 + i];
    }
    for (unsigned i = 0; i < 3; ++i) EXPECT_EQ(ones[i] & zeros[i], ~0ull) << i;
}

TEST(Hypercall, ExitStopsTheVmWithItsStatus) {
    Board board{{{}, {}}};
    board.boot();
    board.enter(board.vcpu(0));
    call(board.vcpu(0), static_cast<std::uint64_t>(abi::Call::Exit), 3);
    EXPECT_EQ(board.vm(0).state, VmState::Stopped);
    EXPECT_EQ(board.vm(0).status, 3);
    EXPECT_NE(board.said().find("exit with status 3"), std::string::npos);
    board.enter(board.vcpu(1));
    call(board.vcpu(1), static_cast<std::uint64_t>(abi::Call::Exit), 1ull << 40);
    EXPECT_EQ(board.vm(1).status, 255) << "a large status is never taken for success";
}

TEST(Hypercall, ConsoleWriteTakesItsBytesInOrder) {
    Board board;
    Vcpu& v = board.run_first();
    auto const write = static_cast<std::uint64_t>(abi::Call::ConsoleWrite);
    v.regs.x[4] = 0x0a21;  // "!\n", the bytes behind the first sixteen
    EXPECT_EQ(call(v, write, 18, 0x6867'6665'6463'6261, 0x706f'6e6d'6c6b'6a69), 18u);
    EXPECT_NE(board.said().find("abcdefghijklmnop!"), std::string::npos);
    for (std::uint64_t count : {0ull, 49ull, ~0ull})
        EXPECT_EQ(call(v, write, count), code(abi::Error::InvalidParameter)) << count;
}

TEST(Hypercall, StatsAreOfTheCallerAndKnowNoOtherNumber) {
    Board board;
    Vcpu& v = board.run_first();
    auto const stats = static_cast<std::uint64_t>(abi::Call::VcpuStats);
    v.stats.wakeups = 5;
    board.hw().counter += 123;
    EXPECT_EQ(call(v, stats, 1), 0u);
    EXPECT_EQ(v.regs.x[1], 5u);
    EXPECT_EQ(call(v, stats, 0), 0u);
    EXPECT_EQ(v.regs.x[1], v.stats.run_ticks + 123) << "the turn that goes on counts too";
    EXPECT_EQ(call(v, stats, 8), code(abi::Error::InvalidParameter));
}

TEST(Hypercall, YieldAsksForASwitch) {
    Board board;
    Vcpu& v = board.run_first();
    EXPECT_EQ(call(v, static_cast<std::uint64_t>(abi::Call::Yield)), 0u);
    EXPECT_TRUE(board.cpu().need_resched);
    EXPECT_EQ(call(v, static_cast<std::uint64_t>(abi::Call::Version)), abi::abi_version);
}

}  // namespace
}  // namespace tiffin
