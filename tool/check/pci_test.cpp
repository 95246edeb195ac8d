#include "tool/check/pci.hpp"

#include <gtest/gtest.h>

#include "tool/pack/testing.hpp"

namespace tiffin {
namespace {

/// What `tiffin check` says of a VM with function 00:02.0, the second of `devices`.
std::string said_of(std::string const& devices, std::string const& more = "") {
    testing::Folder const folder;
    auto const result = testing::built(
        folder,
        "machine: {iommu: smmuv3, devices: " + devices +
            "}\ndomains:\n  a: {memory: 1 MiB, image: {elf: \"${CACHE}/app.elf\"}, access: [{pci: \"00:02.0\"" + more + "}]}\n",
        "virt-smmuv3.dtb");
    return result.problems.text();
}

constexpr auto past = "PCI function 00:02.0 goes past the SMMU";

TEST(CheckPci, AVirtioFunctionThatGoesPastTheSmmuIsRefused) {
    EXPECT_NE(said_of("[edu, virtio-rng-pci]").find(past), std::string::npos);
    EXPECT_NE(said_of("[edu, \"virtio-rng-pci,iommu_platform=off\"]").find(past), std::string::npos);
    EXPECT_NE(said_of("[edu, edu, \"virtio-rng-pci,addr=2\"]").find(past), std::string::npos);
}

TEST(CheckPci, ACodecStandsOnItsSoundCardAndTakesNoPlaceOnPci) {
    EXPECT_NE(said_of("[intel-hda, hda-output, virtio-rng-pci]").find(past), std::string::npos);
    EXPECT_EQ(said_of("[virtio-rng-pci, hda-output, edu]"), "");
}

TEST(CheckPci, ADeviceInASlotTakesNoPlaceOnPci) {
    EXPECT_NE(said_of("[\"virtio-blk-device,drive=disk\", edu, virtio-rng-pci]").find(past), std::string::npos);
    EXPECT_EQ(said_of("[virtio-rng-pci, virtio-blk-device, edu]"), "");
}

TEST(CheckPci, AFunctionBehindTheSmmuIsNot) {
    EXPECT_EQ(said_of("[edu, \"virtio-rng-pci,iommu_platform=on,disable-legacy=on\"]"), "");
    EXPECT_EQ(said_of("[virtio-rng-pci, edu]"), "") << "another one";
    EXPECT_EQ(said_of("[edu, virtio-rng-pci]", ", dma: unfenced-this-vm-can-read-and-write-all-memory"), "")
        << "the risk is accepted";
}

TEST(CheckPci, MessagesHaveNoPlaceWhereTheOptionsTakeThemAway) {
    testing::Folder const folder;
    auto const host = [&](char const* options) {
        auto const result = testing::built(
            folder,
            std::string{"machine: {iommu: smmuv3, devices: [edu]}\n"} + options +
                "domains:\n  a: {memory: 1 MiB, image: {elf: \"${CACHE}/app.elf\"}, access: [{pci: \"00:01.0\"}]}\n",
            "virt-smmuv3.dtb");
        EXPECT_EQ(result.problems.text(), "");
        return result.packed->plan().header().pci_host;
    };
    EXPECT_NE(host("").its, 0u);
    auto const without = host("options: {pci-messages: false}\n");
    EXPECT_EQ(without.its | without.msi | without.msi_first, 0u);
    EXPECT_NE(without.smmu, 0u);
}

}  // namespace
}  // namespace tiffin
