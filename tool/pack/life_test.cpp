// What a VM's life needs of the plan and of the guests' trees.
#include <gtest/gtest.h>
#include <libfdt.h>

#include "tool/pack/testing.hpp"

namespace tiffin {
namespace {

using testing::built;
using testing::Folder;

Bytes tree_of(Packed const& packed, std::string_view name) {
    auto const plan = packed.plan();
    for (auto const& vm : plan.vms()) {
        if (plan.string(vm.name) != name) continue;
        for (auto const& payload : plan.payloads_of(vm)) {
            auto const* const at = packed.image.data() + payload.image_offset;
            if (plan.string(payload.what) == "device tree") return {at, at + payload.size};
        }
    }
    throw std::runtime_error{"no such tree"};
}

TEST(PackLife, TheManagersTreeNamesItsPage) {
    Folder const folder;
    auto const result = built(folder, R"(
domains:
  hub: {memory: 4 MiB, image: {raw: "${CACHE}/raw.bin"}, manages: [motor]}
  motor: {memory: 64 KiB, image: {raw: "${CACHE}/raw.bin"}}
)");
    ASSERT_TRUE(result.packed) << result.problems.text();
    auto const hub = tree_of(*result.packed, "hub"), motor = tree_of(*result.packed, "motor");
    auto const node = fdt_path_offset(hub.data(), "/manager@9060000");
    EXPECT_EQ(node, fdt_node_offset_by_compatible(hub.data(), -1, "tiffin,manager"));
    int length = 0;
    auto const* const reg = static_cast<fdt32_t const*>(fdt_getprop(hub.data(), node, "reg", &length));
    ASSERT_EQ(length, 16);
    EXPECT_EQ(fdt32_to_cpu(reg[1]), 0x0906'0000u);
    EXPECT_EQ(fdt32_to_cpu(reg[3]), 0x1000u);
    EXPECT_LT(fdt_node_offset_by_compatible(motor.data(), -1, "tiffin,manager"), 0) << "it manages nobody";
}

}  // namespace
}  // namespace tiffin
