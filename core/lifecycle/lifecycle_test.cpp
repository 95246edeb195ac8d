#include "core/lifecycle/lifecycle.hpp"

#include <gtest/gtest.h>

#include "armv8/pstate.hpp"
#include "core/testing.hpp"

namespace tiffin {
namespace {

using lifecycle::may_move;
using testing::Board;
using testing::guest_ram;
using testing::private_ram;

int all_stopped = 0;

TEST(Lifecycle, OnlyTheMovesOfThePictureAreAllowed) {
    using enum VmState;
    constexpr VmState states[] = {Off, Starting, Running, Crashed, Stopped, Paused};
    std::set<std::pair<VmState, VmState>> const allowed = {
        {Off, Running},      {Off, Starting},     {Running, Stopped},  {Running, Crashed},  {Running, Starting},
        {Running, Paused},   {Paused, Running},   {Paused, Stopped},   {Paused, Crashed},   {Paused, Starting},
        {Starting, Running}, {Starting, Stopped}, {Starting, Crashed}, {Crashed, Starting}, {Stopped, Starting}};
    for (auto from : states)
        for (auto to : states)
            EXPECT_EQ(may_move(from, to), allowed.contains({from, to})) << lifecycle::name(from) << " to " << lifecycle::name(to);
}

TEST(Boot, EntersTheFirstVcpuAsTheBootProtocolSays) {
    Board board{{{.vcpus = 2}}};
    Vcpu& v = board.run_first();
    EXPECT_EQ(v.regs.pc, guest_ram);
    EXPECT_EQ(v.regs.x[0], guest_ram + 0x2000);
    EXPECT_EQ(v.regs.x[1] | v.regs.x[2] | v.regs.x[3], 0u);
    EXPECT_EQ(v.regs.pstate, armv8::Spsr::el1h | armv8::Spsr::masked);
    EXPECT_EQ(v.el1.sctlr & 0x1005, 0u) << "MMU and caches are off";
    EXPECT_EQ(board.vcpu(0, 1).state, VcpuState::Off);
    EXPECT_EQ(machine.running, 1u);
}

TEST(Stop, IsSaidAndCountedAndFinal) {
    Board board{{{}, {}}};
    board.boot();
    board.run();
    lifecycle::stop(board.vm(0), VmState::Stopped, 7, "enough");
    EXPECT_EQ(board.vm(0).state, VmState::Stopped);
    EXPECT_EQ(board.vm(0).status, 7);
    EXPECT_EQ(machine.running, 1u);
    EXPECT_NE(board.said().find("vm0: stopped: enough"), std::string::npos);
    lifecycle::stop(board.vm(0), VmState::Crashed, 9, "again");
    EXPECT_EQ(board.vm(0).status, 7) << "a VM ends once";
    EXPECT_EQ(&board.run(), &board.vcpu(1)) << "the other does not notice";
}

TEST(Stop, OfTheLastVmStopsTheMachine) {
    Board board{{{}, {}}};
    all_stopped = 0;
    machine.on_all_stopped = [] { ++all_stopped; };
    board.boot();
    board.run();
    lifecycle::stop(board.vm(1), VmState::Crashed, 255, "bad");
    EXPECT_EQ(all_stopped, 0);
    lifecycle::stop(board.vm(0), VmState::Stopped, 0, "good");
    EXPECT_EQ(all_stopped, 1);
}

TEST(Stop, ReleasesThePhysicalInterruptsInHand) {
    Board board{{{.spi = 79}, {}}};
    board.boot();
    Vcpu& v = board.vcpu(0);
    board.enter(v);
    v.vm->vgic.ctlr = 3;
    testing::enable(v, 79);
    board.hw().irq_pending.insert(79);
    board.take_interrupts();
    ASSERT_TRUE(host::guest_acknowledge());
    lifecycle::stop(board.vm(0), VmState::Stopped, 0, "");
    EXPECT_FALSE(board.hw().irq_active.contains(79));
}

TEST(Reset, ScrubsAndRestoresInBoundedSteps) {
    Board board{{{.ram = 0x2'0000}}};
    Vcpu& v = board.run_first();
    Vm& vm = board.vm();
    ASSERT_TRUE(vm.stage2.copy_on_write(vm, Ipa{guest_ram}));
    std::memset(private_ram(vm, guest_ram), 0x77, 0x2'0000);
    v.regs.x[5] = 42, v.regs.pc = 0xdead;
    lifecycle::reset(vm, "asked");
    EXPECT_EQ(vm.state, VmState::Starting);
    auto const zeroed = [&] { return board.hw().count(host::Event::Kind::ZeroPage); };
    lifecycle::step(vm);
    EXPECT_EQ(zeroed(), 1u) << "a step is short whatever the VM's size";
    EXPECT_EQ(&board.run(), &v);
    EXPECT_EQ(vm.state, VmState::Running);
    EXPECT_EQ(zeroed(), 0x20u);
    EXPECT_TRUE(
        std::all_of(private_ram(vm, guest_ram), private_ram(vm, guest_ram) + 0x2'0000, [](auto byte) { return byte == 0; }));
    EXPECT_EQ(v.regs.pc, guest_ram);
    EXPECT_EQ(v.regs.x[5], 0u);
    EXPECT_EQ(vm.vgic.ctlr, 0u);
    EXPECT_EQ(vm.resets, 1u);
    EXPECT_EQ(machine.running, 1u);
    EXPECT_EQ(board.hw().count(host::Event::Kind::FlushVm), 1u) << "no stale translation to the private copies";
}

TEST(Reset, AMoreUrgentVmRunsBetweenTheSteps) {
    Board board{{{.ram = 0x20'0000}, {.policy = abi::Policy::Fixed, .priority = 9, .spi = 79}}};
    board.boot();
    Vcpu& urgent = board.run();
    urgent.vm->vgic.ctlr = 3;
    testing::enable(urgent, 79);
    sched::block(urgent);
    board.run();
    lifecycle::reset(board.vm(0), "asked");
    board.hw().irq_pending.insert(79);
    EXPECT_EQ(&board.run(), &urgent);
    EXPECT_LE(board.hw().count(host::Event::Kind::ZeroPage), 8u);
    EXPECT_EQ(board.vm(0).state, VmState::Starting);
}

TEST(Reset, StopsEveryVcpuAndStartsTheFirst) {
    Board board{{{.vcpus = 3}}};
    board.boot();
    for (unsigned i = 0; i < 3; ++i) board.enter(board.vcpu(0, i));
    lifecycle::reset(board.vm(), "asked");
    EXPECT_EQ(&board.run(), &board.vcpu(0, 0));
    EXPECT_EQ(board.vcpu(0, 1).state, VcpuState::Off);
    EXPECT_EQ(board.vcpu(0, 2).state, VcpuState::Off);
}

TEST(Reset, AnInterruptThatFiresMeanwhileIsNotStuckForEver) {
    Board board{{{.spi = 79}}};
    Vcpu& v = board.run_first();
    lifecycle::reset(board.vm(), "asked");
    board.hw().irq_pending.insert(79);
    while (irq::handle_one(board.cpu())) {
    }
    ASSERT_TRUE(board.hw().irq_active.contains(79));
    EXPECT_EQ(&board.run(), &v);
    EXPECT_FALSE(board.hw().irq_active.contains(79)) << "the new start would never get it";
}

TEST(Reset, TwiceIsOnce) {
    Board board;
    board.run_first();
    lifecycle::reset(board.vm(), "asked");
    lifecycle::reset(board.vm(), "asked again");
    EXPECT_EQ(board.vm().resets, 1u);
    board.run();
    EXPECT_EQ(board.vm().state, VmState::Running);
}

TEST(Reset, OfAStoppedVmBringsItBack) {
    Board board{{{}, {}}};
    board.boot();
    board.run();
    lifecycle::stop(board.vm(0), VmState::Crashed, 1, "x");
    lifecycle::reset(board.vm(0), "watchdog");
    EXPECT_EQ(machine.running, 2u);
    board.enter(board.vcpu(0));
    EXPECT_EQ(board.vm(0).state, VmState::Running);
}

}  // namespace
}  // namespace tiffin
