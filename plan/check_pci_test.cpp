#include <gtest/gtest.h>

#include "plan/pool.hpp"
#include "plan/testing.hpp"
#include "plan/view.hpp"

namespace tiffin {
namespace {

PlanTables plan_with_a_function() {
    auto p = testing::good_plan();
    p.header.pci_host = {.ecam = 0x40'1000'0000,
                         .window = 0x1000'0000,
                         .window_size = 0x2eff'0000,
                         .smmu = 0x0905'0000,
                         .its = 0,
                         .msi = 0,
                         .event_intid = 106,
                         .msi_first = 0};
    p.pci = {{.vm = 1, .function = 8, .line = 10, .flags = 0}};
    return p;
}

std::string refusal(PlanTables const& p) {
    auto const bytes = p.bytes();
    auto const view = PlanView::open(bytes);
    return view ? "" : view.error().table + std::string{": "} + view.error().what;
}

TEST(PlanOfFunctions, IsAccepted) { EXPECT_EQ(refusal(plan_with_a_function()), ""); }

TEST(PlanOfFunctions, OneOwnerAndTheHostBridgeStays) {
    auto p = plan_with_a_function();
    p.pci.push_back(p.pci[0]);
    EXPECT_EQ(refusal(p), "pci: is the host bridge, not of bus 0, given twice, or out of order");
    p.pci = {{.vm = 1, .function = 0, .line = 10, .flags = 0}};
    EXPECT_EQ(refusal(p), "pci: is the host bridge, not of bus 0, given twice, or out of order");
    p.pci[0].function = 256;
    EXPECT_EQ(refusal(p), "pci: is the host bridge, not of bus 0, given twice, or out of order");
    p.pci[0] = {.vm = 2, .function = 8, .line = 10, .flags = 0};
    EXPECT_EQ(refusal(p), "pci: is of a VM that does not exist");
}

TEST(PlanOfFunctions, WithoutAnSmmuThePlanSaysSo) {
    auto p = plan_with_a_function();
    p.header.pci_host.smmu = 0;
    EXPECT_EQ(refusal(p), "pci: is neither fenced by an SMMU nor accepted without one");
    p.pci[0].flags = abi::pci_unfenced;
    EXPECT_EQ(refusal(p), "");
}

TEST(PlanOfFunctions, TheFenceIsNobodyElses) {
    auto p = plan_with_a_function();
    p.windows[0].pa = p.windows[0].ipa = 0x0905'1000;
    EXPECT_EQ(refusal(p), "pci: SMMU is misaligned, or overlaps something else");
    p = plan_with_a_function();
    p.header.pci_host.event_intid = 39;
    EXPECT_EQ(refusal(p), "pci: SMMU's event interrupt is no SPI, or somebody else's");
    p.header.pci_host.event_intid = ~0u;
    EXPECT_EQ(refusal(p), "pci: SMMU's event interrupt is no SPI, or somebody else's");
}

TEST(PlanOfFunctions, BarsLieUnderNothingElse) {
    auto p = plan_with_a_function();
    p.header.pci_host.window = 0x3fff'0000, p.header.pci_host.window_size = 0x10'0000;
    EXPECT_EQ(refusal(p), "pci: ECAM or window for BARs overlaps RAM, GIC, UART or a device given away");
    p = plan_with_a_function();
    p.header.pci_host.window_size = 0x2fff'0000;
    EXPECT_EQ(refusal(p), "pci: window for BARs is not free in a guest's map") << "the guest's ECAM lies there";
    p = plan_with_a_function();
    p.vms[1].windows = {0, 1}, p.vms[0].windows = {0, 0};
    p.windows[0].ipa = 0x1000'0000;
    EXPECT_EQ(refusal(p), "pci: overlaps a device given to its VM");
}

TEST(PlanOfFunctions, MessagesArriveWhereNothingElseIsAndAFrameIsOneVms) {
    auto p = plan_with_a_function();
    auto& host = p.header.pci_host;
    host.msi = 0x0802'0000, host.msi_first = 80;
    EXPECT_EQ(refusal(p), "");
    p.pci.push_back({.vm = 0, .function = 16, .line = 11, .flags = 0});
    EXPECT_EQ(refusal(p), "pci: shares a GICv2m frame between VMs");
    p.pci.pop_back();
    host.msi_first = 280;
    EXPECT_EQ(refusal(p), "pci: messages are no SPIs of a guest's");
    host.msi_first = 80, host.msi = host.smmu;
    EXPECT_EQ(refusal(p), "pci: place for messages is misaligned, or overlaps something else");
    host.msi = 0;
    EXPECT_EQ(refusal(p), "pci: sends messages nowhere");
    host.msi = 0x0802'0000, host.smmu = 0;
    EXPECT_EQ(refusal(p), "pci: takes messages that no SMMU fences");
}

TEST(PlanOfFunctions, ThePoolHasRoomForThem) {
    auto const with = plan_with_a_function().bytes(), without = testing::good_plan().bytes();
    EXPECT_GE(pool_bytes(*PlanView::open(with)), pool_bytes(*PlanView::open(without)) + 0x1'4000);
}

}  // namespace
}  // namespace tiffin
