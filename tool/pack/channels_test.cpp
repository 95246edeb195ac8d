// Channels from the description to the plan, the guests' trees, and words.
#include <gtest/gtest.h>
#include <libfdt.h>
#include <vector>

#include "abi/guest_map.hpp"
#include "tool/explain/explain.hpp"
#include "tool/pack/testing.hpp"

namespace tiffin {
namespace {

using testing::built;
using testing::Folder;
namespace map = abi::guest_map;

/// RAM is handed out so that the plan's order is not the description's: the large one needs an alignment.
constexpr char const* three_vms = R"(
domains:
  hub:
    memory: 4 MiB
    image: {raw: "${CACHE}/raw.bin"}
    channels:
      - {name: left, peer: sensor, size: 16 KiB}
      - {name: right, peer: motor, size: 64 KiB}
  sensor: {memory: 64 KiB, image: {raw: "${CACHE}/raw.bin"}, channels: [{name: left, peer: hub, size: 16 KiB}]}
  motor:
    memory: 64 KiB
    image: {raw: "${CACHE}/raw.bin"}
    channels: [{name: right, peer: hub, size: 64 KiB}]
)";

abi::VmRecord const& vm(PlanView const& plan, std::string_view name) {
    for (auto const& each : plan.vms())
        if (plan.string(each.name) == name) return each;
    throw std::runtime_error{"no such VM"};
}

TEST(PackChannels, BothEndsHaveOneMemoryAndASideEach) {
    Folder const folder;
    auto const result = built(folder, three_vms);
    ASSERT_TRUE(result.packed) << result.problems.text();
    auto const plan = result.packed->plan();
    EXPECT_EQ(plan.header().shared_bytes, 80u << 10);
    auto const hub = plan.channels_of(vm(plan, "hub"));
    ASSERT_EQ(hub.size(), 2u);
    auto const& motor = plan.channels_of(vm(plan, "motor"))[0];
    EXPECT_EQ(plan.string(hub[1].name), "right");
    EXPECT_EQ(motor.pa, hub[1].pa);
    EXPECT_EQ(motor.peer_channel, 1u);
    EXPECT_EQ(hub[1].side, 0u) << "it stands first in the description";
    EXPECT_EQ(motor.side, 1u);
    EXPECT_EQ(hub[1].ipa, map::channel_memory + (16 << 10)) << "behind its first";
    EXPECT_EQ(motor.ipa, map::channel_memory);
    EXPECT_EQ(motor.line, 13u);
}

/// Cells of a property of the VM's channel `index`.
std::vector<std::uint32_t> cells(Bytes const& tree, int index, char const* property) {
    int node = -1;
    for (int n = 0; n <= index; ++n) node = fdt_node_offset_by_compatible(tree.data(), node, "tiffin,channel");
    int length = 0;
    auto const* value = static_cast<fdt32_t const*>(fdt_getprop(tree.data(), node, property, &length));
    std::vector<std::uint32_t> out;
    for (int i = 0; value != nullptr && i < length / 4; ++i) out.push_back(fdt32_to_cpu(value[i]));
    return out;
}

TEST(PackChannels, TheGuestsTreeNamesMemoryDoorbellAndInterrupt) {
    Folder const folder;
    auto const result = built(folder, three_vms);
    ASSERT_TRUE(result.packed) << result.problems.text();
    auto const plan = result.packed->plan();
    for (auto const& payload : plan.payloads_of(vm(plan, "hub"))) {
        if (plan.string(payload.what) != "device tree") continue;
        auto const* const at = result.packed->image.data() + payload.image_offset;
        Bytes const tree{at, at + payload.size};
        EXPECT_EQ(cells(tree, 1, "reg"), (std::vector<std::uint32_t>{0, 0x0b00'4000, 0, 0x1'0000, 0, 0x0a80'1000, 0, 0x1000}));
        EXPECT_EQ(cells(tree, 1, "interrupts"), (std::vector<std::uint32_t>{0, 113, 1})) << "SPI 113 is INTID 145; an edge";
        EXPECT_EQ(cells(tree, 1, "tiffin,side"), (std::vector<std::uint32_t>{0}));
        auto const node = fdt_path_offset(tree.data(), "/channel@b004000");
        EXPECT_STREQ(static_cast<char const*>(fdt_getprop(tree.data(), node, "tiffin,name", nullptr)), "right");
        EXPECT_STREQ(static_cast<char const*>(fdt_getprop(tree.data(), node, "tiffin,peer", nullptr)), "motor");
        return;
    }
    FAIL() << "no device tree";
}

TEST(PackChannels, ExplainTellsWhereTheyLie) {
    Folder const folder;
    auto const result = built(folder, three_vms);
    ASSERT_TRUE(result.packed) << result.problems.text();
    auto const text = explain(*result.packed);
    EXPECT_NE(text.find("memory of the channels"), std::string::npos) << text;
    EXPECT_NE(text.find("channel right with motor: writes the lower half; doorbell at 0xa801000, interrupt 145"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("channel right with hub: writes the upper half; doorbell at 0xa800000, interrupt 144"), std::string::npos)
        << text;
}

TEST(PackChannels, ADoorbellIsAnInterruptLineInTheContract) {
    Folder const folder;
    auto const result = built(folder, three_vms);
    ASSERT_EQ(result.cores.size(), 1u);
    for (auto const& task : result.cores[0].tasks) EXPECT_EQ(task.devices, task.vm == "hub" ? 2u : 1u) << task.vm;
}

TEST(PackChannels, MoreThanTheBoardHasIsRefused) {
    Folder const folder;
    std::string text = "domains:\n";
    for (int i = 0; i < 128; ++i) {
        auto const peer = "vm" + std::to_string(i ^ 1);
        text += "  vm" + std::to_string(i) +
                ": {memory: 64 KiB, image: {raw: \"${CACHE}/raw.bin\"}, channels: [{name: c, peer: " + peer +
                ", size: 16 MiB}]}\n";
    }
    auto const result = built(folder, text);
    EXPECT_FALSE(result.packed);
    EXPECT_NE(result.problems.text().find("the memory of the channels (1 GiB) does not fit into the board's RAM"),
              std::string::npos)
        << result.problems.text();
}

}  // namespace
}  // namespace tiffin
