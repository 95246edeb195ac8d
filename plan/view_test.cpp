#include "plan/view.hpp"

#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "plan/testing.hpp"

namespace tiffin {
namespace {

using testing::good_plan;

/// What open() says of the plan after `change`; "" if it takes it.
std::string refusal(std::function<void(PlanTables&)> const& change, std::uint64_t plan_offset = 0) {
    auto parts = good_plan();
    change(parts);
    auto const bytes = parts.bytes();
    auto const view = PlanView::open(bytes, plan_offset);
    if (view) return "";
    return std::string{view.error().table} + " " + std::to_string(view.error().index) + ": " + view.error().what;
}

void expect_refusal(char const* words, std::function<void(PlanTables&)> const& change) {
    auto const said = refusal(change);
    EXPECT_NE(said.find(words), std::string::npos) << "wanted \"" << words << "\", got \"" << said << "\"";
}

TEST(Plan, AValidPlanOpensAndReadsBackWhatWasPacked) {
    auto const bytes = good_plan().bytes();
    auto const view = PlanView::open(bytes);
    ASSERT_TRUE(view) << view.error().what;
    EXPECT_EQ(view->vms().size(), 2u);
    EXPECT_EQ(view->string(view->vms()[1].name), "beta");
    EXPECT_EQ(view->payloads_of(view->vms()[1]).size(), 2u);
    EXPECT_EQ(view->string(view->payloads_of(view->vms()[1])[1].what), "device tree");
    EXPECT_EQ(view->vcpus_of(view->vms()[0])[0].priority, 40u);
    EXPECT_EQ(view->windows_of(view->vms()[1]).size(), 0u);
    EXPECT_EQ(view->interrupts_of(view->vms()[0])[0].physical, 39u);
    EXPECT_EQ(view->string(0), "");
    EXPECT_EQ(view->string(1'000'000), "");
}

TEST(Plan, EveryTruncationIsRefused) {
    auto const bytes = good_plan().bytes();
    for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(PlanView::open(std::span{bytes}.first(n))) << n;
}

TEST(Plan, EverySingleBitFlipIsRefused) {
    auto bytes = good_plan().bytes();
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        bytes[bit / 8] ^= std::byte{1} << (bit % 8);
        EXPECT_FALSE(PlanView::open(bytes)) << "bit " << bit;
        bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    }
}

TEST(Plan, TablesOutsideThePlanAreRefused) {
    auto const with = [](auto change) {
        auto bytes = good_plan().bytes();
        change(*reinterpret_cast<abi::PlanHeader*>(bytes.data()));
        PlanTables::seal(bytes);
        return static_cast<bool>(PlanView::open(bytes));
    };
    EXPECT_FALSE(with([](auto& h) { h.vms.count = 1025; }));
    EXPECT_FALSE(with([](auto& h) { h.vms.offset = 0xffff'fff8; }));
    EXPECT_FALSE(with([](auto& h) { h.vms.offset = 0; }));
    EXPECT_FALSE(with([](auto& h) { h.vms.offset += 4; }));
    EXPECT_FALSE(with([](auto& h) { h.vcpus.count = 8192; }));
    EXPECT_FALSE(with([](auto& h) { h.strings.count = 0; }));
    EXPECT_FALSE(with([](auto& h) { h.strings.count -= 2; }));
    EXPECT_TRUE(with([](auto&) {}));
}

TEST(Plan, HeaderRefusalsNameTheReason) {
    expect_refusal("no plan magic", [](auto& p) { p.header.magic ^= 1; });
    expect_refusal("another version", [](auto& p) { p.header.version = 99; });
    expect_refusal("load address is not 2 MiB", [](auto& p) { p.header.load_address += 4096; });
    expect_refusal("do not lie in the board's RAM", [](auto& p) { p.header.load_address = 0x1'0000'0000; });
    expect_refusal("smaller than hypervisor and plan", [](auto& p) { p.header.image_bytes = 0; });
    expect_refusal("whole number of pages", [](auto& p) { p.header.pool_bytes += 1; });
    expect_refusal("larger than any memory", [](auto& p) { p.header.pool_bytes = ~0xfffull; });
    expect_refusal("outside the string table", [](auto& p) { p.header.description = 100'000; });
}

TEST(Plan, BoardRefusalsNameTheReason) {
    expect_refusal("unknown GIC version", [](auto& p) { p.header.board.gic_version = abi::GicVersion{4}; });
    expect_refusal("no virtual interface control", [](auto& p) {
        p.header.board.gic_version = abi::GicVersion::V2;
        p.header.board.gicc = 0x0801'0000, p.header.board.gicc_size = 0x2000;
    });
    expect_refusal("distributor", [](auto& p) { p.header.board.gicd += 1; });
    expect_refusal("must be PPIs", [](auto& p) { p.header.board.virtual_timer_intid = 15; });
    expect_refusal("must differ", [](auto& p) { p.header.board.virtual_timer_intid = 30; });
    expect_refusal("must be an SPI", [](auto& p) { p.header.board.uart_intid = 1; });
    expect_refusal("no core", [](auto& p) { p.header.board.cpu_count = 0; });
    expect_refusal("no core", [](auto& p) { p.header.board.cpu_count = 9; });
    expect_refusal("same affinity", [](auto& p) { p.header.board.mpidr[1] = 0; });
    expect_refusal("impossible address", [](auto& p) { p.header.board.release[1] = 0x3fff'fffc; });
    expect_refusal("impossible address", [](auto& p) { p.header.board.release[1] = 1ull << 40; });
    expect_refusal("word of the VMs' memory", [](auto& p) { p.header.board.release[1] = 0x4000'0000; });
    expect_refusal("PSCI", [](auto& p) { p.header.board.psci = abi::PsciConduit{7}; });
    expect_refusal("UART is misaligned", [](auto& p) { p.header.board.uart_size = 0; });
}

TEST(Plan, MemoryRefusalsNameTheReason) {
    expect_refusal("the board has no RAM", [](auto& p) { p.memory.clear(); });
    expect_refusal("page-aligned", [](auto& p) { p.memory[0].base += 1; });
    expect_refusal("wraps", [](auto& p) { p.memory[0].size = ~0xfffull; });
    expect_refusal("out of order", [](auto& p) { p.memory.push_back(p.memory[0]); });
}

TEST(Plan, NamesAreWellFormedAndUnique) {
    expect_refusal("vm 1: name is taken", [](auto& p) { p.vms[1].name = p.vms[0].name; });
    expect_refusal("vm 0: name is not", [](auto& p) { p.vms[0].name = 0; });
    expect_refusal("vm 0: name is not", [](auto& p) { p.vms[0].name = p.text("Alpha"); });
    expect_refusal("vm 0: name is not", [](auto& p) { p.vms[0].name = p.text("a\x1b[2J"); });
    expect_refusal("vm 0: name is not", [](auto& p) { p.vms[0].name = p.text(std::string(32, 'a')); });
    EXPECT_EQ(refusal([](auto& p) { p.vms[0].name = p.text(std::string(31, 'a')); }), "");
}

TEST(Plan, RamIsInsideTheBoardAndNobodyElses) {
    expect_refusal("vm 1: RAM overlaps the VM's before", [](auto& p) { p.vms[1].ram_pa = 0x4050'0000; });
    expect_refusal("not sorted", [](auto& p) { std::swap(p.vms[0].ram_pa, p.vms[1].ram_pa); });
    expect_refusal("overlaps the boot image", [](auto& p) { p.vms[0].ram_pa = 0x4020'0000; });
    expect_refusal("overlaps the boot image", [](auto& p) {
        p.header.image_bytes = 0x20'0000;
        p.header.pool_bytes = 0x1000;
    });
    expect_refusal("does not lie in", [](auto& p) { p.vms[1].ram_pa = 0x5000'0000; });
    expect_refusal("reaches beyond the board's", [](auto& p) { p.vms[1].ram_size = 0x1000'0000, p.vms[1].ram_pa = 0x4060'0000; });
    expect_refusal("not 2 MiB aligned", [](auto& p) { p.vms[0].ram_pa += 4096; });
    expect_refusal("below 64 KiB", [](auto& p) { p.vms[1].ram_size = 0xf000; });
    expect_refusal("below 0x40000000", [](auto& p) { p.vms[1].ram_ipa = 0x2000'0000; });
    expect_refusal("above 2^39", [](auto& p) { p.vms[1].ram_ipa = 1ull << 39; });
    expect_refusal("above 2^40", [](auto& p) { p.vms[1].ram_pa = 1ull << 40; });
    expect_refusal("entry", [](auto& p) { p.vms[1].entry = 0x4001'0000; });
    expect_refusal("entry", [](auto& p) { p.vms[1].entry = 0x4000'0002; });
    expect_refusal("x0", [](auto& p) { p.vms[1].x0 = 0; });
}

TEST(Plan, SlicesCoverTheTablesWithoutSharing) {
    expect_refusal("does not follow", [](auto& p) { p.vms[1].vcpus.offset = 0; });
    expect_refusal("reaches beyond its end", [](auto& p) { p.vms[1].payloads.count = 0xffff'ffff; });
    expect_refusal("belong to no VM", [](auto& p) { p.vms[1].payloads.count = 1; });
}

TEST(Plan, VcpusBelongToTheirVmAndAreWithinRange) {
    expect_refusal("no vCPU", [](auto& p) { p.vms[0].vcpus.count = 0; });
    expect_refusal("vcpu 1: does not belong", [](auto& p) { p.vcpus[1].vm = 0; });
    expect_refusal("core that the board does not have", [](auto& p) { p.vcpus[1].core = 4; });
    expect_refusal("unknown policy", [](auto& p) { p.vcpus[1].policy = abi::Policy{3}; });
    expect_refusal("priority", [](auto& p) { p.vcpus[0].priority = 64; });
    expect_refusal("priority", [](auto& p) { p.vcpus[0].priority = 0; });
    expect_refusal("weight", [](auto& p) { p.vcpus[1].weight = 0; });
}

TEST(Plan, PayloadsLieInTheirVmAndTheImage) {
    expect_refusal("payload 2: overlaps the one before", [](auto& p) { p.payloads[2].ipa = 0x4000'3000; });
    expect_refusal("payload 1: does not fit", [](auto& p) { p.payloads[1].size = 0x1'0001; });
    expect_refusal("payload 0: is not page-aligned", [](auto& p) { p.payloads[0].image_offset += 8; });
    expect_refusal("beyond the image", [](auto& p) { p.payloads[0].image_offset = 0xf'f000; });
    expect_refusal("beyond the image", [](auto& p) { p.payloads[0].image_offset = ~0xfffull; });
    expect_refusal("in the hypervisor or the plan", [](auto& p) { p.payloads[0].image_offset = 0; });
    expect_refusal("is empty", [](auto& p) { p.payloads[0].size = 0; });
    expect_refusal("congruent", [](auto& p) {
        p.header.image_bytes = 0x1000'0000, p.vms[0].ram_size = 0x40'0000, p.vms[0].ram_pa = 0x6000'0000,
        p.vms[1].ram_pa = 0x6040'0000, p.memory[0].size = 0x4000'0000, p.payloads[0].size = 0x20'0000;
    });
}

TEST(Plan, PayloadsMayNotReachIntoTheHypervisorBeforeThePlan) {
    EXPECT_EQ(refusal([](auto&) {}, 0x1'0000), "");
    EXPECT_NE(refusal([](auto&) {}, 0x2'0000).find("in the hypervisor or the plan"), std::string::npos);
}

TEST(Plan, WindowsAreNobodyElses) {
    expect_refusal("overlaps the board's RAM", [](auto& p) { p.windows[0].pa = 0x4000'0000; });
    expect_refusal("hypervisor's UART", [](auto& p) { p.windows[0].pa = 0x0900'0000; });
    expect_refusal("GIC", [](auto& p) { p.windows[0].pa = 0x0900'0000 - 0x1000; });
    expect_refusal("hypervisor emulates", [](auto& p) { p.windows[0].ipa = 0x0800'0000; });
    expect_refusal("overlaps its VM's RAM", [](auto& p) { p.windows[0].ipa = 0x4000'0000; });
    expect_refusal("page-aligned", [](auto& p) { p.windows[0].size = 0x800; });
    expect_refusal("above 2^40", [](auto& p) { p.windows[0].pa = ~0xfffull; });
    expect_refusal("starts a core", [](auto& p) { p.header.board.release[1] = p.windows[0].pa + 8; });
    expect_refusal("given away twice", [](auto& p) {
        p.windows.push_back(p.windows[0]);
        p.vms[1].windows.count = 1;
    });
}

TEST(Plan, InterruptsHaveOneOwner) {
    auto const again = [](auto& p) {
        p.interrupts.push_back(p.interrupts[0]);
        p.vms[1].interrupts.count = 1;
    };
    expect_refusal("two owners", again);
    expect_refusal("hypervisor's UART", [](auto& p) { p.interrupts[0].physical = 33; });
    expect_refusal("not an SPI", [](auto& p) { p.interrupts[0].physical = 27; });
    expect_refusal("not an SPI", [](auto& p) { p.interrupts[0].physical = 1020; });
    expect_refusal("no place in the guest", [](auto& p) { p.interrupts[0].virtual_id = 288; });
    expect_refusal("PL011 or PL031", [](auto& p) { p.interrupts[0].virtual_id = 34; });
    expect_refusal("used twice in its VM", [](auto& p) {
        p.interrupts.push_back({.physical = 40, .virtual_id = 39, .edge = 0, .line = 1, .per_second = 0, .reserved = 0});
        p.vms[0].interrupts.count = 2, p.vms[1].interrupts.offset = 2;
    });
    expect_refusal("edge", [](auto& p) { p.interrupts[0].edge = 2; });
    expect_refusal("rate limit", [](auto& p) { p.interrupts[0].per_second = abi::max_interrupt_rate + 1; });
}

TEST(Plan, AContractIsWholeAndFitsItself) {
    auto const contract = [](std::uint64_t budget, std::uint64_t period, std::uint64_t deadline) {
        return refusal([=](PlanTables& p) {
            auto& v = p.vcpus[0];
            v.budget_ns = budget, v.period_ns = period, v.deadline_ns = deadline;
        });
    };
    EXPECT_EQ(contract(200'000, 1'000'000, 800'000), "");
    EXPECT_NE(contract(0, 1'000'000, 0).find("half a contract"), std::string::npos);
    EXPECT_NE(contract(9'999, 1'000'000, 1'000'000).find("below 10 us"), std::string::npos);
    EXPECT_NE(contract(200'000, 100'000, 800'000).find("larger than its period"), std::string::npos);
    EXPECT_NE(contract(200'000, 1'000'000, 100'000).find("larger than its period"), std::string::npos);
    EXPECT_NE(contract(200'000, abi::max_period_ns + 1, 800'000).find("above 10 s"), std::string::npos);
    expect_refusal("not of policy fixed", [](auto& p) { p.vcpus[1].budget_ns = p.vcpus[1].period_ns = 1'000'000; });
    expect_refusal("unknown flag", [](auto& p) { p.vcpus[0].flags = 2; });
}

TEST(Plan, SlackAndStolenTimeAreTheVmsOwn) {
    expect_refusal("above 1 s", [](auto& p) { p.vms[0].timer_slack_ns = abi::max_slack_ns + 1; });
    expect_refusal("page of its RAM", [](auto& p) { p.vms[0].pv_time_ipa = 0x4020'0000; });
    expect_refusal("page of its RAM", [](auto& p) { p.vms[0].pv_time_ipa = 0x4000'1008; });
    EXPECT_EQ(refusal([](auto& p) { p.vms[0].pv_time_ipa = 0x401f'f000; }), "");
}

TEST(Plan, TraceRingsAreAPowerOfTwo) {
    expect_refusal("trace ring", [](auto& p) { p.header.trace_bytes = 12'288; });
    expect_refusal("trace ring", [](auto& p) { p.header.trace_bytes = 2048; });
    expect_refusal("trace ring", [](auto& p) { p.header.trace_bytes = abi::max_trace_bytes * 2; });
}

/// Core 1, where `beta` is, by a static schedule of two windows.
void schedule_beta(PlanTables& p) {
    p.vcpus[1].policy = abi::Policy::Window;
    p.frames = {{.core = 1, .reserved = 0, .major_ns = 1'000'000, .slots = {0, 2}}};
    p.slots = {{.vm = 1, .reserved = 0, .offset_ns = 0, .length_ns = 100'000},
               {.vm = 1, .reserved = 0, .offset_ns = 500'000, .length_ns = 500'000}};
}

TEST(Plan, AStaticScheduleIsSound) {
    EXPECT_EQ(refusal(schedule_beta), "");
    auto const broken = [](char const* why, auto&& change) {
        expect_refusal(why, [&](PlanTables& p) {
            schedule_beta(p);
            change(p);
        });
    };
    broken("core that the board does not have", [](auto& p) { p.frames[0].core = 4; });
    broken("policy of a static schedule without one", [](auto& p) { p.frames.clear(), p.slots.clear(); });
    broken("policy of a static schedule without one", [](auto& p) { p.vcpus[1].policy = abi::Policy::Share; });
    broken("longer than 10 s", [](auto& p) { p.frames[0].major_ns = abi::max_frame_ns + 1; });
    broken("no time window", [](auto& p) { p.frames[0].slots.count = 0, p.slots.clear(); });
    broken("belongs to no frame", [](auto& p) { p.frames[0].slots.count = 1; });
    broken("reaches beyond its end", [](auto& p) { p.frames[0].slots.count = 3; });
    broken("VM that does not exist", [](auto& p) { p.slots[0].vm = 2; });
    broken("no vCPU on that core", [](auto& p) { p.slots[0].vm = 0; });
    broken("shorter than 50 us", [](auto& p) { p.slots[0].length_ns = 49'999; });
    broken("overlaps the one before", [](auto& p) { p.slots[1].offset_ns = 99'999; });
    broken("reaches beyond its frame", [](auto& p) { p.slots[1].length_ns = 500'001; });
    broken("reaches beyond its frame", [](auto& p) { p.slots[1].length_ns = ~0ull; });
    broken("same core", [](auto& p) {
        p.frames[0].slots.count = 1;
        p.frames.push_back({.core = 1, .reserved = 0, .major_ns = 1'000'000, .slots = {1, 1}});
    });
}

/// Another VM like `beta`, right behind the last one.
void add_vm(PlanTables& p) {
    auto const i = static_cast<std::uint32_t>(p.vms.size());
    auto vm = p.vms[1];
    vm.name = p.text("vm-" + std::to_string(i));
    vm.ram_pa = p.vms.back().ram_pa + p.vms.back().ram_size;
    vm.payloads = {2 * i - 1, 2}, vm.vcpus = {i, 1};
    p.vms.push_back(vm);
    p.vcpus.push_back(p.vcpus[1]);
    p.vcpus.back().vm = i;
    p.payloads.push_back(p.payloads[1]);
    p.payloads.push_back(p.payloads[2]);
}

TEST(Plan, AThousandVmsOfOneImageAreTaken) {
    EXPECT_EQ(refusal([](PlanTables& p) {
                  for (auto& payload : p.payloads) payload.image_offset += 0x8'0000;  // the plan itself is large now
                  while (p.vms.size() < abi::max_vms) add_vm(p);
              }),
              "");
}

}  // namespace
}  // namespace tiffin
