// A virtio device is accepted only between two VMs that exist, in a slot and with an interrupt that are free.
#include <functional>
#include <gtest/gtest.h>
#include <string>

#include "abi/guest_map.hpp"
#include "plan/testing.hpp"
#include "plan/view.hpp"

namespace tiffin {
namespace {

/// Two disks of `alpha`, which `beta` serves.
PlanTables plan_with_disks() {
    auto parts = testing::good_plan();
    abi::VirtioRecord disk{};
    disk.client = 0, disk.server = 1, disk.type = abi::virtio::Type::Block, disk.queues = 1, disk.queue_size = 8;
    parts.virtio = {disk, disk};
    parts.virtio[1].slot = parts.virtio[1].server_device = 1;
    return parts;
}

std::string refusal_of(PlanTables const& parts) {
    auto const bytes = parts.bytes();
    auto const view = PlanView::open(bytes);
    return view ? std::string{"nothing"} : std::string{view.error().table} + ": " + view.error().what;
}

void expect_refusal(char const* words, std::function<void(PlanTables&)> const& change) {
    auto parts = plan_with_disks();
    change(parts);
    auto const said = refusal_of(parts);
    EXPECT_NE(said.find(words), std::string::npos) << "wanted \"" << words << "\", got \"" << said << "\"";
}

TEST(VirtioRules, TwoDisksOfOneServerAreAccepted) { EXPECT_EQ(refusal_of(plan_with_disks()), "nothing"); }

TEST(VirtioRules, BothVmsExistAndDiffer) {
    expect_refusal("virtio: is of a VM that does not exist", [](auto& p) { p.virtio[0].client = 2; });
    expect_refusal("virtio: is of a VM that does not exist", [](auto& p) { p.virtio[1].server = ~0u; });
    expect_refusal("virtio: is served by its own client", [](auto& p) { p.virtio[0].server = 0; });
}

TEST(VirtioRules, TypesQueuesAndFeaturesAreInRange) {
    expect_refusal("virtio: has an unknown type", [](auto& p) { p.virtio[0].type = abi::virtio::Type{7}; });
    expect_refusal("virtio: has no queue", [](auto& p) { p.virtio[0].queues = 0; });
    expect_refusal("virtio: has no queue", [](auto& p) { p.virtio[0].queues = abi::serve::max_queues + 1; });
    for (std::uint32_t const size : {0u, 1u, 3u, 12u, 64u, ~0u})
        expect_refusal("virtio: has queues whose size", [=](auto& p) { p.virtio[0].queue_size = size; });
    for (unsigned const bit : {28u, 29u, 32u, 33u, 40u})
        expect_refusal("virtio: offers a feature of the transport", [=](auto& p) { p.virtio[0].features = 1ull << bit; });
}

TEST(VirtioRules, SlotsAndNumbersCountWithoutHoles) {
    expect_refusal("virtio: has a slot out of order", [](auto& p) { p.virtio[0].slot = 1; });
    expect_refusal("virtio: has a slot out of order", [](auto& p) { p.virtio[1].slot = 2; });
    expect_refusal("virtio: has a number that its server has given twice", [](auto& p) { p.virtio[1].server_device = 0; });
    expect_refusal("virtio: has a number above", [](auto& p) { p.virtio[1].server_device = 2; });
    expect_refusal("virtio: is out of order", [](auto& p) {
        p.virtio[0].client = 1, p.virtio[0].server = 0;
        p.virtio[1].slot = p.virtio[1].server_device = 0;
    });
}

TEST(VirtioRules, ASlotIsNotUnderADeviceGivenToItsVm) {
    namespace g = abi::guest_map;
    expect_refusal("virtio: lies under a device", [](auto& p) { p.windows[0].ipa = g::virtio; });
    expect_refusal("virtio: has the interrupt of a device", [](auto& p) { p.interrupts[0].virtual_id = g::virtio_intid + 1; });
    expect_refusal("virtio: has a server whose doorbell", [](auto& p) {
        for (auto& disk : p.virtio) disk.client = 1, disk.server = 0;
        p.interrupts[0].virtual_id = g::server_intid;
    });
}

}  // namespace
}  // namespace tiffin
