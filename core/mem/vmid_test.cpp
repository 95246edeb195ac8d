// More VMs than VMIDs, and never another VM's translation.
#include "core/mem/vmid.hpp"

#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

#include "core/testing.hpp"

namespace tiffin {
namespace {

using host::Event;
using testing::Board;
using testing::VmSpec;

/// What the cores' TLBs may still hold: by VMID, whose translations. Nothing leaves them but by a flush, as hardware may have it.
class FakeTlb {
public:
    /// A VM runs under `vmid`, and its translations are cached. False if another VM's are found there.
    bool run(std::size_t vm, std::uint16_t vmid) { return owner_.emplace(vmid, vm).first->second == vm; }
    void flush_all() { owner_.clear(); }

private:
    std::map<std::uint16_t, std::size_t> owner_;
};

/// Many VMs taking turns on one core.
struct Crowd {
    static constexpr std::size_t vms = 3000;
    FakeTlb tlb;
    VmidAllocator vmids;
    std::vector<Stage2> stage2 = std::vector<Stage2>(vms);
    std::mt19937 random{11};

    explicit Crowd(unsigned bits, bool flushes = true) {
        host::reset();
        if (flushes) host::hardware().on_flush = [this] { tlb.flush_all(); };
        vmids.set_bits(bits);
    }
    ~Crowd() { host::reset(); }

    /// A turn of `vm`, as sched::switch_in gives it. False: it saw another VM's translation.
    bool turn(std::size_t vm) {
        if (!vmids.current(stage2[vm].vmid_generation())) vmids.give(stage2[vm], {});
        return tlb.run(vm, stage2[vm].vmid());
    }
    /// Turns in which a VM saw another VM's translation.
    unsigned stale_hits(unsigned turns) {
        unsigned stale = 0;
        for (unsigned n = 0; n < turns; ++n) stale += turn(random() % vms) ? 0 : 1;
        return stale;
    }
};

TEST(Vmid, ThreeThousandVmsOver256VmidsNeverMeetAStaleTranslation) {
    Crowd crowd{8};
    EXPECT_EQ(crowd.stale_hits(300'000), 0u);
}

TEST(Vmid, TheFakeTlbWouldShowAForgottenFlush) {
    Crowd crowd{8, false};
    EXPECT_GT(crowd.stale_hits(3000), 1000u);
}

TEST(Vmid, TheLastOfAGenerationAreForThoseOfFixedPriority) {
    Crowd crowd{8};
    auto const share = VmidAllocator::for_fixed;
    std::size_t vm = 0;
    for (; vm < 255 - share; ++vm) ASSERT_TRUE(crowd.vmids.give_next(crowd.stage2[vm], share));
    EXPECT_FALSE(crowd.vmids.give_next(crowd.stage2[vm], share)) << "somebody else begins the next generation";
    for (; vm < 255; ++vm) ASSERT_TRUE(crowd.vmids.give_next(crowd.stage2[vm], 0));
    EXPECT_FALSE(crowd.vmids.give_next(crowd.stage2[vm], 0));
    auto const last = crowd.stage2[0].vmid_generation();
    crowd.vmids.give(crowd.stage2[vm], {}, share);
    EXPECT_FALSE(crowd.vmids.current(last));
    EXPECT_EQ(crowd.stage2[vm].vmid(), 1u);
}

TEST(Vmid, AFlushIsPaidForBy255Vms) {
    Crowd crowd{8};
    for (int round = 0; round < 10; ++round)
        for (std::size_t vm = 0; vm < 255 * 10; ++vm) ASSERT_TRUE(crowd.turn(vm));
    EXPECT_EQ(host::hardware().count(Event::Kind::FlushAllVms), 99u) << "100 generations, the first of which needs none";
}

TEST(Vmid, AsManyVmsAsVmidsNeverFlush) {
    Crowd crowd{8};
    for (int round = 0; round < 100; ++round)
        for (std::size_t vm = 0; vm < 255; ++vm) ASSERT_TRUE(crowd.turn(vm));
    EXPECT_EQ(host::hardware().count(Event::Kind::FlushAllVms), 0u);
}

TEST(Vmid, SixteenBitsAreEnoughForAll) {
    Crowd crowd{16};
    EXPECT_EQ(crowd.stale_hits(100'000), 0u);
    EXPECT_EQ(host::hardware().count(Event::Kind::FlushAllVms), 0u);
}

TEST(Vmid, NobodyIsGivenZero) {
    Crowd crowd{4};
    for (int n = 0; n < 1000; ++n) {
        crowd.stale_hits(1);
        for (auto const& each : crowd.stage2) ASSERT_TRUE(each.vmid() != 0 || each.vmid_generation() == 0);
    }
}

/// VMs of a board, and a second core that goes on running one of them.
TEST(Vmid, WhoeverAnotherCoreRunsKeepsItsVmidAcrossGenerations) {
    Board board{std::vector<VmSpec>(20)};
    std::vector<Cpu> cores(2);
    VmidAllocator vmids;
    vmids.set_bits(3);
    Vm& elsewhere = board.vm(5);
    vmids.give(elsewhere.stage2, cores);
    cores[1].loaded = elsewhere.vcpus[0];
    auto const held = elsewhere.stage2.vmid();
    for (int round = 0; round < 5; ++round) {
        for (std::size_t i = 0; i < 20; ++i) {
            auto& stage2 = board.vm(i).stage2;
            if (!vmids.current(stage2.vmid_generation())) vmids.give(stage2, cores);
            ASSERT_EQ(elsewhere.stage2.vmid(), held) << "its core has not looked again";
            ASSERT_TRUE(vmids.current(elsewhere.stage2.vmid_generation()));
            ASSERT_TRUE(i == 5 || stage2.vmid() != held) << "VM " << i << " would share its translations";
        }
    }
}

/// The whole way: the scheduler switches twelve VMs over seven VMIDs.
TEST(Vmid, ASwitchNeverLoadsAVmidThatAnotherVmUsedSinceTheLastFlush) {
    Board board{std::vector<VmSpec>(12)};
    machine.vmids.set_bits(3);
    FakeTlb tlb;
    board.hw().on_flush = [&] { tlb.flush_all(); };
    board.boot();
    std::set<std::uint32_t> seen;
    for (int n = 0; n < 500; ++n) {
        board.hw().counter += board.hw().frequency / 200;
        Vcpu& v = board.run();
        ASSERT_NE(v.vm->stage2.vttbr() >> 48, 0u);
        ASSERT_EQ(v.vm->stage2.vttbr() & 0xffff'ffff'ffff, v.vm->stage2.root().raw());
        ASSERT_TRUE(tlb.run(v.vm->id, v.vm->stage2.vmid())) << "turn " << n;
        seen.insert(v.vm->id);
    }
    EXPECT_EQ(seen.size(), 12u);
    EXPECT_GT(board.hw().count(Event::Kind::FlushAllVms), 50u);
}

TEST(Vmid, AVmWhoseVmidIsOfAnotherGenerationFlushesNobody) {
    Board board{std::vector<VmSpec>(3)};
    machine.vmids.set_bits(1);  // one VMID: each turn begins a generation
    board.boot();
    Vcpu const& first = board.run();
    sched::yield(*board.cpu().current);
    board.hw().counter += board.hw().frequency / 200;
    Vcpu const& second = board.run();
    ASSERT_NE(&first, &second);
    board.hw().events.clear();
    first.vm->stage2.flush(*first.vm);
    EXPECT_EQ(board.hw().count(Event::Kind::FlushVm), 0u) << "its VMID is the other VM's now";
    second.vm->stage2.flush(*second.vm);
    EXPECT_EQ(board.hw().count(Event::Kind::FlushVm), 1u);
}

}  // namespace
}  // namespace tiffin
