// VMs on several cores, on the fake: which core does what, in which order, and what is never done by a stranger.
#include <gtest/gtest.h>

#include "core/hypercall/hypercall.hpp"
#include "core/smp/guard.hpp"
#include "core/testing.hpp"

namespace tiffin {
namespace {

using armv8::psci::Return;
using host::Event;
using testing::acknowledge_one;
using testing::Board;
using testing::enable;
using testing::VmSpec;

constexpr std::uint64_t entry = testing::guest_ram + 0x100;

/// One VM with a vCPU on each of two cores, both running with interrupts enabled; core 0 is where the test is.
struct Duo : Board {
    explicit Duo(abi::GicVersion gic = abi::GicVersion::V3, std::uint32_t spi = 0)
        : Board{{VmSpec{.vcpus = 2, .cores = {0, 1}, .spi = spi}}, gic} {
        run_first();
        EXPECT_EQ(lifecycle::turn_on(vcpu(0, 1), entry, 7), Return::Success);
        wake_core(1);
        host::on_core(0);
    }
    /// The core sleeps, takes what is sent to it, and enters whom that made ready.
    void wake_core(unsigned core) {
        host::on_core(core);
        hw().on_sleep = [] {};
        run();
        hw().on_sleep = nullptr;
    }
    Vcpu& here() { return vcpu(0, 0); }
    Vcpu& there() { return vcpu(0, 1); }
};

TEST(Smp, AVcpuIsStartedByItsOwnCore) {
    Board board{{VmSpec{.vcpus = 2, .cores = {0, 1}}}};
    board.run_first();
    Vcpu& other = board.vcpu(0, 1);
    EXPECT_EQ(lifecycle::turn_on(other, entry, 7), Return::Success);
    EXPECT_EQ(other.state, VcpuState::Off) << "not ours to change";
    EXPECT_EQ(other.power, Power::OnPending);
    EXPECT_EQ(lifecycle::turn_on(other, entry, 7), Return::OnPending);
    host::on_core(1);
    EXPECT_TRUE(board.hw().irq_pending.contains(mail::sgi));
    board.hw().on_sleep = [] {};
    EXPECT_EQ(&board.run(), &other);
    EXPECT_EQ(other.regs.pc, entry);
    EXPECT_EQ(other.regs.x[0], 7u);
    EXPECT_EQ(lifecycle::turn_on(other, entry, 7), Return::AlreadyOn);
}

TEST(Smp, AnSgiReachesTheOtherCore) {
    for (auto gic : {abi::GicVersion::V2, abi::GicVersion::V3}) {
        Duo duo{gic};
        enable(duo.there(), 3, 0xa0);
        vgic::send_sgi(duo.here(), duo.there(), 3);
        EXPECT_FALSE(host::guest_is_interrupted()) << "the sender's core holds another vCPU's list registers";
        duo.go_to(1);
        auto const got = host::guest_acknowledge();
        ASSERT_TRUE(got);
        EXPECT_EQ(got->intid, 3u);
        EXPECT_EQ(got->source, 0u);
    }
}

TEST(Smp, ASleepingVcpuOfAnotherCoreIsWokenByAnSgi) {
    Duo duo;
    enable(duo.there(), 3, 0xa0);
    host::on_core(1);
    sched::block(duo.there());
    bool slept = false;
    duo.hw().on_sleep = [&] {
        if (!slept) {
            slept = true;
            host::on_core(0);
            vgic::send_sgi(duo.here(), duo.there(), 3);
            host::on_core(1);
        }
    };
    EXPECT_EQ(&duo.run(), &duo.there());
    EXPECT_TRUE(slept);
    EXPECT_EQ(acknowledge_one(), 3u);
}

TEST(Smp, ManySgisBeforeTheOtherCoreLooksCostOneInterrupt) {
    Duo duo;
    auto const before = duo.hw().sgis_sent;
    for (std::uint32_t intid = 0; intid < 16; ++intid) vgic::send_sgi(duo.here(), duo.there(), intid);
    EXPECT_EQ(duo.hw().sgis_sent - before, 1u);
    duo.go_to(1);
    EXPECT_EQ(duo.there().vgic.own.raised(), 0xffffu) << "pending, though none is enabled";
}

TEST(Smp, AnSpiGoesToTheCoreOfItsTarget) {
    Duo duo;
    enable(duo.here(), 40, 0xa0, true);
    vgic::set_target(duo.vm(), 40, 1);
    duo.go_to(1);  // which knows of the change, and hears of the interrupt by itself
    duo.go_to(0);
    vgic::raise(duo.here(), 40);
    EXPECT_FALSE(host::guest_is_interrupted());
    duo.go_to(1);
    EXPECT_EQ(acknowledge_one(), 40u);
}

TEST(Smp, AnSpiThatIsBeingHandledStaysWhereItIs) {
    Duo duo;
    enable(duo.here(), 40, 0xa0, true);
    vgic::raise(duo.here(), 40);
    ASSERT_EQ(acknowledge_one(), 40u);
    vgic::set_target(duo.vm(), 40, 1);
    vgic::raise(duo.here(), 40);
    duo.go_to(1);
    EXPECT_FALSE(host::guest_is_interrupted()) << "not on two cores at once";
    duo.go_to(0);
    duo.maintain();
    host::guest_end(40);
    duo.maintain();
    EXPECT_FALSE(host::guest_is_interrupted()) << "and not here again";
    duo.go_to(1);
    EXPECT_EQ(acknowledge_one(), 40u) << "its second time is the new target's";
}

TEST(Smp, APhysicalSpiIsRoutedWithItsVirtualOne) {
    Duo duo{abi::GicVersion::V3, 79};
    vgic::set_target(duo.vm(), 79, 1);
    EXPECT_EQ(duo.hw().events.back(), (Event{Event::Kind::Route, 79, 1}));
}

TEST(Smp, WhatAnotherCoreListsCanBeTakenBack) {
    Duo duo;
    enable(duo.here(), 40, 0xa0, true);
    vgic::set_target(duo.vm(), 40, 1);
    vgic::raise(duo.here(), 40);
    duo.go_to(1);
    ASSERT_TRUE(host::guest_is_interrupted());
    host::on_core(0);
    vgic::clear_pending(duo.there(), 32, vgic::mask(40));
    duo.go_to(1);
    EXPECT_FALSE(host::guest_is_interrupted());
    EXPECT_EQ(duo.vm().vgic.spi[0].listed, 0u);
    EXPECT_EQ(duo.vm().cross->taken_back[0][0], 0u);
}

TEST(Smp, AStopIsCompleteWhenTheLastVcpuHasLeft) {
    Duo duo;
    static bool all_stopped;
    all_stopped = false;
    machine.on_all_stopped = [] { all_stopped = true; };
    lifecycle::stop(duo.vm(), VmState::Stopped, 0, "test");
    EXPECT_EQ(duo.here().state, VcpuState::Off);
    EXPECT_EQ(duo.there().state, VcpuState::Running) << "not ours to change";
    EXPECT_FALSE(all_stopped);
    EXPECT_EQ(machine.running, 1u);
    host::on_core(1);
    irq::handle_one(duo.cpu());
    EXPECT_EQ(duo.there().state, VcpuState::Off);
    EXPECT_TRUE(all_stopped);
    EXPECT_EQ(duo.cpu().loaded, nullptr);
}

TEST(Smp, OfTwoVcpusThatStopTheirVmAtOnceOneWins) {
    Duo duo;
    lifecycle::stop(duo.vm(), VmState::Stopped, 3, "first");
    host::on_core(1);
    lifecycle::reset(duo.vm(), "second");
    lifecycle::stop(duo.vm(), VmState::Crashed, 255, "third");
    EXPECT_EQ(duo.there().state, VcpuState::Off) << "it does not go on behind its call";
    EXPECT_EQ(duo.vm().state, VmState::Stopped);
    EXPECT_EQ(duo.vm().status, 3);
    EXPECT_EQ(machine.running, 1u) << "its core has not said yet that it left";
    irq::handle_one(duo.cpu());
    EXPECT_EQ(machine.running, 0u);
}

TEST(Smp, NobodyIsStartedInAVmThatStops) {
    Duo duo;
    host::on_core(1);
    EXPECT_TRUE(lifecycle::turn_off(duo.there()));
    host::on_core(0);
    EXPECT_EQ(lifecycle::turn_on(duo.there(), entry, 0), Return::Success);
    lifecycle::stop(duo.vm(), VmState::Stopped, 0, "test");
    EXPECT_EQ(lifecycle::turn_on(duo.there(), entry, 0), Return::Denied);
    host::on_core(1);
    irq::handle_one(duo.cpu());
    EXPECT_EQ(duo.there().state, VcpuState::Off) << "its start came with the stop";
    EXPECT_EQ(machine.running, 0u);
}

TEST(Smp, AResetScrubsOnTheFirstVcpusCoreAfterAllHaveLeft) {
    Duo duo;
    host::on_core(1);
    lifecycle::reset(duo.vm(), "test");
    EXPECT_EQ(duo.there().state, VcpuState::Off);
    EXPECT_EQ(duo.vm().state, VmState::Starting);
    EXPECT_EQ(duo.hw().count(Event::Kind::ZeroPage), 0u);
    host::on_core(0);
    irq::handle_one(duo.cpu());
    EXPECT_EQ(&duo.run(), &duo.here());
    EXPECT_EQ(duo.vm().state, VmState::Running);
    EXPECT_EQ(duo.here().regs.pc, duo.vm().record->entry);
    EXPECT_EQ(duo.there().power, Power::Off);
    EXPECT_GT(duo.hw().count(Event::Kind::ZeroPage), 0u);
}

TEST(Smp, CpuOffOfTheLastVcpuStopsTheVm) {
    Duo duo;
    EXPECT_TRUE(lifecycle::turn_off(duo.here())) << "one is left";
    host::on_core(1);
    EXPECT_FALSE(lifecycle::turn_off(duo.there()));
}

TEST(Smp, AVcpuComesBackAfterItWasOff) {
    Duo duo;
    host::on_core(1);
    EXPECT_TRUE(lifecycle::turn_off(duo.there()));
    host::on_core(0);
    ASSERT_EQ(lifecycle::turn_on(duo.there(), entry + 4, 9), Return::Success);
    duo.wake_core(1);
    EXPECT_EQ(duo.cpu().current, &duo.there());
    EXPECT_EQ(duo.there().regs.pc, entry + 4);
}

TEST(Smp, AnotherVcpusPrivateInterruptsAreItsCoresBusiness) {
    Duo duo;
    enable(duo.there(), 20, 0xa0);
    vgic::raise_all(duo.there(), 0, vgic::mask(20));
    EXPECT_EQ(duo.there().vgic.own.pending, 0u);
    duo.go_to(1);
    ASSERT_TRUE(host::guest_is_interrupted());
    host::on_core(0);
    vgic::clear_pending(duo.there(), 0, vgic::mask(20));
    duo.go_to(1);
    EXPECT_FALSE(host::guest_is_interrupted());
}

TEST(Smp, AWaitForALockIsNeverForAVmOfOneCore) {
    Board board{{VmSpec{}, VmSpec{.vcpus = 1, .cores = {1}}}};
    {
        VmGuard const guard{board.vm(0)};
        host::on_core(1);
        EXPECT_NO_THROW(VmGuard{board.vm(1)});
    }
    ConsoleGuard const console;
    host::on_core(0);
    EXPECT_THROW(ConsoleGuard{}, host::WaitsForEver) << "but the console is everybody's";
    host::on_core(1);
    EXPECT_NO_THROW(ConsoleGuard{}) << "and may be taken again by who has it";
}

TEST(Smp, TwoVcpusThatWriteToOnePageCopyItOnce) {
    Duo duo;
    Vm& vm = duo.vm();
    EXPECT_TRUE(vm.stage2.copy_on_write(vm, Ipa{testing::guest_ram}));
    *testing::private_ram(vm, testing::guest_ram) = 0x77;
    host::on_core(1);
    EXPECT_TRUE(vm.stage2.copy_on_write(vm, Ipa{testing::guest_ram}));
    EXPECT_EQ(*testing::private_ram(vm, testing::guest_ram), 0x77);
    EXPECT_EQ(duo.hw().count(Event::Kind::CopyPage), 0u) << "the second finds it done";
    EXPECT_TRUE(vm.stage2.maps(vm, Ipa{testing::guest_ram}));
    EXPECT_FALSE(vm.stage2.maps(vm, Ipa{testing::guest_ram - 1}));
}

TEST(Smp, APanicElsewhereStopsThisCore) {
    Duo duo;
    arch::send_sgi(machine.cpus[1], mail::halt_sgi);
    host::on_core(1);
    EXPECT_THROW(irq::handle_one(duo.cpu()), host::Halted);
}

}  // namespace
}  // namespace tiffin
