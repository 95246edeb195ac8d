#include "tool/pack/pack.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <libfdt.h>

#include "base/addr.hpp"
#include "base/crc32.hpp"
#include "plan/pool.hpp"
#include "tool/build.hpp"
#include "tool/explain/explain.hpp"
#include "tool/image/arm64_image.hpp"
#include "tool/pack/payloads.hpp"
#include "tool/pack/ram.hpp"
#include "tool/pack/testing.hpp"
#include "tool/run/process.hpp"

namespace tiffin {
namespace {

using testing::built;
using testing::Folder;

constexpr char const* three_vms = R"(
domains:
  linux:
    memory: 16 MiB
    cpus: [{core: 0}, {core: 0}]
    image: {kernel: "${CACHE}/kernel.Image", initrd: "${CACHE}/initrd.cpio", cmdline: "console=ttyAMA0 quiet"}
    access: [{device: /pl061@9030000}]
  app: {memory: 64 KiB, cpu: {policy: fixed, priority: 9}, image: {elf: "${CACHE}/two-segments.elf"}}
  raw: {memory: 4 MiB, image: {raw: "${CACHE}/raw.bin"}, console: false, rtc: false}
)";

TEST(Pack, TheSameInputGivesTheSameBytes) {
    Folder const a, b;
    auto const first = built(a, three_vms), second = built(b, three_vms);
    ASSERT_TRUE(first.packed && second.packed) << first.problems.text();
    EXPECT_EQ(first.packed->image, second.packed->image);
}

TEST(Pack, TheHeaderCoversFileAndPoolAndKeepsItsBranch) {
    Folder const folder;
    auto const result = built(folder, three_vms);
    ASSERT_TRUE(result.packed) << result.problems.text();
    auto const& image = result.packed->image;
    auto const header = read_arm64_header(image);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->image_size, image.size() + result.packed->plan().header().pool_bytes);
    auto const nominal = nominal_hypervisor();
    EXPECT_EQ(std::memcmp(image.data(), nominal.bytes->data(), 16), 0) << "code and text offset are the hypervisor's own";
}

TEST(Pack, ThePlanSaysWhatTheDescriptionSaid) {
    Folder const folder;
    auto const result = built(folder, three_vms);
    ASSERT_TRUE(result.packed) << result.problems.text();
    auto const plan = result.packed->plan();
    ASSERT_EQ(plan.vms().size(), 3u);
    EXPECT_EQ(plan.string(plan.vms()[0].name), "linux") << "VMs keep the order of the description";
    EXPECT_EQ(plan.vms()[0].line, 3u);
    EXPECT_EQ(plan.vms()[0].entry, 0x4020'0000u);
    EXPECT_EQ(plan.vms()[0].x0, 0x4000'0000u);
    EXPECT_EQ(plan.vcpus_of(plan.vms()[0]).size(), 2u);
    EXPECT_EQ(plan.vcpus_of(plan.vms()[1])[0].priority, 9u);
    EXPECT_EQ(plan.windows_of(plan.vms()[0])[0].pa, 0x0903'0000u);
    EXPECT_EQ(plan.interrupts_of(plan.vms()[0])[0].physical, 39u);
    EXPECT_EQ(plan.vms()[2].flags, 0u);
    EXPECT_GE(plan.header().pool_bytes, pool_bytes(plan));
    EXPECT_EQ(plan.string(plan.header().description), "device.yaml") << "no path of the machine that built it";
}

TEST(Pack, PayloadsLieWhereThePlanSaysWithTheirChecksum) {
    Folder const folder;
    auto const result = built(folder, three_vms);
    ASSERT_TRUE(result.packed) << result.problems.text();
    auto const plan = result.packed->plan();
    for (auto const& p : plan.payloads()) {
        auto const bytes = std::span{result.packed->image}.subspan(p.image_offset, p.size);
        EXPECT_EQ(crc32(bytes), p.crc32) << plan.string(p.what);
    }
}

TEST(Pack, AFileOfManyVmsIsStoredOnce) {
    Folder const folder;
    std::string text = "domains:\n";
    for (int i = 0; i < 20; ++i) text += "  vm" + std::to_string(i) + ": {memory: 64 KiB, image: {raw: \"${CACHE}/raw.bin\"}}\n";
    auto const result = built(folder, text);
    ASSERT_TRUE(result.packed) << result.problems.text();
    auto const plan = result.packed->plan();
    auto const first = plan.payloads_of(plan.vms()[0])[0].image_offset;
    for (auto const& vm : plan.vms()) EXPECT_EQ(plan.payloads_of(vm)[0].image_offset, first);
}

TEST(Pack, AThousandVmsFit) {
    Folder const folder;
    std::string text = "domains:\n";
    for (int i = 0; i < 1024; ++i)
        text += "  vm" + std::to_string(i) + ": {memory: 64 KiB, image: {raw: \"${CACHE}/raw.bin\"}}\n";
    auto const result = built(folder, text);
    ASSERT_TRUE(result.packed) << result.problems.text();
    EXPECT_EQ(result.packed->plan().vms().size(), 1024u);
}

TEST(Pack, LargePayloadsAreCongruentToTheirGuestAddress) {
    PayloadArea area{0x3000};
    auto const small = area.add(std::make_shared<Bytes>(100), 0x4000'1000);
    auto const large = area.add(std::make_shared<Bytes>(3 << 20), 0x4008'0000);
    auto const same = area.add(std::make_shared<Bytes>(3 << 20), 0x4028'0000);
    auto const elsewhere = area.add(std::make_shared<Bytes>(3 << 20), 0x4020'0000);
    area.settle();
    EXPECT_EQ(area.at(small).image_offset, 0x3000u);
    EXPECT_EQ(area.at(large).image_offset % large_page_size, 0x8'0000u);
    EXPECT_EQ(same, large) << "the same bytes at the same residue";
    EXPECT_NE(elsewhere, large);
    EXPECT_EQ(area.at(elsewhere).image_offset % large_page_size, 0u);
}

TEST(Pack, RamIsTakenFromTheLowestPlaceThatFits) {
    FreeRam free{{{0x1000, 0x3000}, {0x20'0000, 0x80'0000}}};
    EXPECT_EQ(free.take(0x20'0000, 0x20'0000), 0x20'0000u);
    EXPECT_EQ(free.take(0x1000, 0x1000), 0x1000u);
    EXPECT_EQ(free.take(0x1000, 0x1000, 0x40'0000), 0x40'0000u);
    EXPECT_TRUE(free.take_at({0x2000, 0x2000}));
    EXPECT_FALSE(free.take_at({0x2000, 0x1000}));
    EXPECT_EQ(free.take(0x1'0000'0000, 0x1000), std::nullopt);
    EXPECT_EQ(free.total(), 0x5f'f000u);
}

TEST(Pack, AnotherFileThanAHypervisorIsRefused) {
    std::string why;
    EXPECT_FALSE(open_hypervisor(std::make_shared<Bytes>(4096), why));
    EXPECT_EQ(why, "it does not start with an arm64 Image header");
    auto const nominal = nominal_hypervisor();
    auto wrong = std::make_shared<Bytes>(*nominal.bytes);
    (*wrong)[72] = std::byte{99};
    EXPECT_FALSE(open_hypervisor(wrong, why));
    EXPECT_NE(why.find("version 99"), std::string::npos);
    EXPECT_TRUE(open_hypervisor(nominal.bytes, why));
}

TEST(Pack, TheMemoryMapNamesEveryVmAndPiece) {
    Folder const folder;
    auto const result = built(folder, three_vms);
    ASSERT_TRUE(result.packed) << result.problems.text();
    auto const map = explain(*result.packed);
    for (auto const* words : {"RAM of linux", "RAM of app", "kernel", "initrd", "two-segments.elf", "device pl061@9030000",
                              "pool", "interrupt 39 of the board is 39 of the guest, level", "fixed, priority 9"}) {
        EXPECT_NE(map.find(words), std::string::npos) << words << "\n" << map;
    }
}

TEST(Pack, ACountMakesVmsThatShareOneCopyOfTheImage) {
    Folder const folder;
    auto const result = built(folder, R"(
domains:
  other: {memory: 64 KiB, image: {elf: "${CACHE}/app.elf"}}
  many: {memory: 64 KiB, count: 300, cpu: {weight: 50}, image: {elf: "${CACHE}/two-segments.elf"}}
)");
    ASSERT_TRUE(result.packed) << result.problems.text();
    auto const plan = result.packed->plan();
    ASSERT_EQ(plan.vms().size(), 301u);
    auto const& first = plan.vms()[1];
    for (std::size_t n = 1; n <= 300; ++n) {
        auto const& vm = plan.vms()[n];
        EXPECT_EQ(plan.string(vm.name), "many-" + std::to_string(n));
        EXPECT_EQ(vm.line, 4u);
        EXPECT_EQ(plan.vcpus_of(vm)[0].weight, 50u);
        EXPECT_EQ(plan.payloads_of(vm)[0].image_offset, plan.payloads_of(first)[0].image_offset);
        EXPECT_EQ(plan.payloads_of(vm)[0].what, plan.payloads_of(first)[0].what);
    }
    EXPECT_NE(plan.payloads_of(first).back().image_offset, plan.payloads_of(plan.vms()[2]).back().image_offset)
        << "each has a device tree of its own";
    auto const map = explain(*result.packed);
    for (auto const* words :
         {"two-segments.elf of many-1 and 299 more, one copy for all", "many-300, 64.0 KiB each", "Guest other (line 3)"})
        EXPECT_NE(map.find(words), std::string::npos) << words << "\n" << map;
}

/// The device tree of a VM, out of the packed image.
Bytes tree_of(Packed const& packed, std::size_t vm) {
    auto const plan = packed.plan();
    for (auto const& p : plan.payloads_of(plan.vms()[vm])) {
        if (p.ipa != plan.vms()[vm].x0) continue;
        auto const bytes = std::span{packed.image}.subspan(p.image_offset, p.size);
        return {bytes.begin(), bytes.end()};
    }
    return {};
}

TEST(GuestTree, DtcHasNothingToComplainAbout) {
    for (auto const* board : {"virt-gicv3.dtb", "virt-gicv2.dtb"}) {
        Folder const folder;
        auto const result = built(folder, three_vms, board);
        ASSERT_TRUE(result.packed) << result.problems.text();
        for (std::size_t vm = 0; vm < 3; ++vm) {
            auto const tree = tree_of(*result.packed, vm);
            auto const file = folder.put("guest.dtb", {reinterpret_cast<char const*>(tree.data()), tree.size()});
            // -Werror is not an option of dtc 1.6: what it prints must be empty.
            auto const command = "dtc -I dtb -O dts -o /dev/null " + file + " > " + folder.path() + "/said 2>&1";
            EXPECT_EQ(std::system(command.c_str()), 0);
            std::ifstream said{folder.path() + "/said"};
            std::string line;
            EXPECT_FALSE(std::getline(said, line)) << board << ", VM " << vm << ": " << line;
        }
    }
}

TEST(GuestTree, HoldsWhatTheVmHas) {
    Folder const folder;
    auto const result = built(folder, three_vms);
    ASSERT_TRUE(result.packed) << result.problems.text();
    auto const tree = Fdt::open(tree_of(*result.packed, 0));
    ASSERT_TRUE(tree);
    EXPECT_EQ(tree->text(tree->node("/chosen"), "bootargs"), "console=ttyAMA0 quiet");
    EXPECT_EQ(tree->reg(tree->node("/memory@40000000"))[0], (Range{0x4000'0000, (16 << 20) - page_size}))
        << "the last page is for stolen time";
    EXPECT_EQ(tree->children(tree->node("/cpus")).size(), 2u);
    EXPECT_EQ(tree->text(tree->node("/psci"), "method"), "hvc");
    EXPECT_EQ(tree->reg(tree->node("/intc@8000000"))[1].size, 0x4'0000u);
    EXPECT_EQ(tree->interrupts(tree->node("/pl061@9030000"), tree->node("/intc@8000000"))[0].intid, 39u);
    EXPECT_EQ(tree->cells(tree->node("/chosen"), "linux,initrd-start"), (std::vector<std::uint32_t>{0, 0x4040'0000}));
    auto const bare = Fdt::open(tree_of(*result.packed, 2));
    ASSERT_TRUE(bare);
    EXPECT_LT(bare->node("/pl011@9000000"), 0);
    EXPECT_LT(bare->node("/pl031@9010000"), 0);
}

TEST(GuestTree, SeedsDifferBetweenVms) {
    Folder const folder;
    auto const result = built(folder, three_vms);
    ASSERT_TRUE(result.packed) << result.problems.text();
    auto const seed = [&](std::size_t vm) {
        auto const tree = Fdt::open(tree_of(*result.packed, vm));
        return tree->cells(tree->node("/chosen"), "rng-seed");
    };
    EXPECT_EQ(seed(0).size(), 8u);
    EXPECT_NE(seed(0), seed(1));
}

TEST(GuestTree, InterruptsBeyondTheGuestsAreGivenFreeNumbers) {
    Folder const folder;
    auto const result = built(folder, R"(
domains:
  a: {memory: 64 KiB, image: {raw: "${CACHE}/raw.bin"}, access: [{device: gpio@60000}]}
)",
                              "small.dtb");
    ASSERT_TRUE(result.packed) << result.problems.text();
    auto const plan = result.packed->plan();
    EXPECT_EQ(plan.interrupts()[0].physical, 332u);
    EXPECT_EQ(plan.interrupts()[0].virtual_id, 32u);
    EXPECT_EQ(plan.interrupts()[0].edge, 1u);
}

}  // namespace
}  // namespace tiffin
