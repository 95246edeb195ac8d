// Devices whose DMA nothing fences: where the VM that drives them lies.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "abi/guest_map.hpp"
#include "tool/pack/testing.hpp"

namespace tiffin {
namespace {

using testing::built;
using testing::Folder;

/// A VM that has the eight slots of QEMU's virt in the page at `first`.
std::string with_slots(char const* name, char const* size, std::uint64_t first) {
    std::string access;
    for (unsigned n = 0; n < 8; ++n)
        access += fmt::format("{{device: /virtio_mmio@{:x}, dma: unfenced-this-vm-can-read-and-write-all-memory}}, ",
                              first + n * 0x200);
    return fmt::format("  {}: {{memory: {}, image: {{raw: \"${{CACHE}}/raw.bin\"}}, access: [{}]}}\n", name, size, access);
}

/// Behind a VM that has none.
BuildResult built_with(Folder const& folder, std::string const& drivers) {
    constexpr auto app =
        "domains:\n  app: {memory: 64 KiB, cpu: {policy: fixed, priority: 9}, image: {elf: \"${CACHE}/two-segments.elf\"}}\n";
    return built(folder, app + drivers);
}

TEST(Slots, WhoDrivesThemLiesWhereItSeesItself) {
    Folder const folder;
    auto const result = built_with(folder, with_slots("driver", "1 MiB", 0xa00'0000));
    ASSERT_TRUE(result.packed) << result.problems.text();
    auto const plan = result.packed->plan();
    auto const& driver = plan.vms()[plan.string(plan.vms()[0].name) == "driver" ? 0 : 1];
    EXPECT_EQ(driver.ram_pa, driver.ram_ipa);
    ASSERT_EQ(plan.windows_of(driver).size(), 1u) << "all eight are in one page";
    EXPECT_EQ(plan.windows_of(driver)[0].pa, 0xa00'0000u);
    EXPECT_EQ(plan.interrupts_of(driver).size(), 8u);
}

TEST(Slots, WhoIsTooLargeForThatPlaceIsRefused) {
    Folder const folder;
    auto const result = built_with(folder, with_slots("driver", "4 MiB", 0xa00'0000));
    EXPECT_FALSE(result.packed);
    EXPECT_NE(result.problems.text().find(
                  "device /virtio_mmio@a000000 reaches physical memory, and the RAM of domain \"driver\" (4 MiB) "
                  "can't lie at 0x40000000, where the domain sees it; expected at most 2048 KiB"),
              std::string::npos)
        << result.problems.text();
}

TEST(Slots, ThePlaceIsOneVms) {
    Folder const folder;
    auto const result = built_with(folder, with_slots("driver", "1 MiB", 0xa00'0000) + with_slots("other", "1 MiB", 0xa00'1000));
    EXPECT_FALSE(result.packed);
    EXPECT_NE(result.problems.text().find("the RAM of domain \"other\" (1 MiB)"), std::string::npos) << result.problems.text();
}

}  // namespace
}  // namespace tiffin
