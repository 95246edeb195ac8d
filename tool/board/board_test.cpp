#include "tool/board/board.hpp"

#include <algorithm>
#include <array>
#include <gtest/gtest.h>

#include "tool/files.hpp"

namespace tiffin {
namespace {

std::optional<Board> board_of(char const* name, std::vector<std::string>* reasons = nullptr) {
    std::string why;
    std::vector<std::string> ignored;
    auto const bytes = read_file(std::string{"tests/golden/files/"} + name, why);
    EXPECT_NE(bytes, nullptr) << why;
    return bytes == nullptr ? std::nullopt : read_board(*bytes, reasons != nullptr ? *reasons : ignored);
}

TEST(Board, QemuVirtWithGicv3IsReadAsQemuMakesIt) {
    auto const board = board_of("virt-gicv3.dtb");
    ASSERT_TRUE(board);
    auto const& r = board->record;
    EXPECT_EQ(board->name, "linux,dummy-virt");
    EXPECT_EQ(board->memory, (std::vector<Range>{{0x4000'0000, 256 << 20}}));
    EXPECT_EQ(r.gic_version, abi::GicVersion::V3);
    EXPECT_EQ(r.gicd, 0x0800'0000u);
    EXPECT_EQ(r.gicr, 0x080a'0000u);
    EXPECT_EQ(r.gicr_size, 0xf6'0000u);
    EXPECT_EQ(r.maintenance_intid, 25u);
    EXPECT_EQ(r.hyp_timer_intid, 26u);
    EXPECT_EQ(r.virtual_timer_intid, 27u);
    EXPECT_EQ(r.physical_timer_intid, 30u);
    EXPECT_EQ(r.uart, 0x0900'0000u);
    EXPECT_EQ(r.uart_kind, abi::UartKind::Pl011);
    EXPECT_EQ(r.uart_intid, 33u);
    EXPECT_EQ(r.psci, abi::PsciConduit::Smc);
    EXPECT_EQ(r.cpu_count, 2u);
    EXPECT_EQ(r.mpidr[1], 1u);
}

TEST(Board, QemuVirtWithGicv2HasItsVirtualInterfaces) {
    auto const board = board_of("virt-gicv2.dtb");
    ASSERT_TRUE(board);
    EXPECT_EQ(board->record.gic_version, abi::GicVersion::V2);
    EXPECT_EQ(board->record.gicc, 0x0801'0000u);
    EXPECT_EQ(board->record.gich, 0x0803'0000u);
    EXPECT_EQ(board->record.gicv, 0x0804'0000u);
    EXPECT_EQ(board->record.maintenance_intid, 25u);
}

TEST(Board, AddressesBehindABusAreTranslated) {
    auto const board = board_of("small.dtb");
    ASSERT_TRUE(board);
    EXPECT_EQ(board->record.gicd, 0x1000'1000u);
    EXPECT_EQ(board->record.uart, 0x1001'0000u);
    EXPECT_EQ(board->record.uart_kind, abi::UartKind::Pl011);
    EXPECT_EQ(board->record.uart_intid, 53u);
}

TEST(Board, ReservedMemoryIsNotRam) {
    auto const board = board_of("small.dtb");
    ASSERT_TRUE(board);
    EXPECT_EQ(board->memory, (std::vector<Range>{{0x4010'0000, 0xfe0'0000}}));
}

TEST(Board, ASpinTableSaysWhereEachCoreWaits) {
    auto const board = board_of("spin-table.dtb");
    ASSERT_TRUE(board);
    EXPECT_EQ(board->record.psci, abi::PsciConduit::None);
    EXPECT_EQ(board->record.release[0], 0u);
    EXPECT_EQ(board->record.release[1], 0x4e00'00f8u);
    EXPECT_EQ(board->find("/soc/gpio@20000")->owned_as, "") << "no core waits there";
}

TEST(Board, ADeviceWithTheWordThatStartsACoreIsKept) {
    std::string why;
    auto tree = *read_file("tests/golden/files/spin-table.dtb", why);
    std::array<std::byte, 4> const from{std::byte{0x4e}, std::byte{0}, std::byte{0}, std::byte{0xf8}};
    std::array<std::byte, 4> const to{std::byte{0x10}, std::byte{0x02}, std::byte{0}, std::byte{0xf8}};
    auto const at = std::ranges::search(tree, from);
    ASSERT_FALSE(at.empty());
    std::ranges::copy(to, at.begin());
    std::vector<std::string> reasons;
    auto const board = read_board(tree, reasons);
    ASSERT_TRUE(board);
    EXPECT_EQ(board->find("/soc/gpio@20000")->owned_as, "the place where other cores wait");
}

TEST(Board, ADeviceIsFoundByPathAliasLabelAndName) {
    auto const board = board_of("small.dtb");
    ASSERT_TRUE(board);
    auto const* const device = board->find("/soc/gpio@20000");
    ASSERT_NE(device, nullptr);
    for (auto const* name : {"gpio0", "gpio", "gpio@20000"}) EXPECT_EQ(board->find(name), device) << name;
    EXPECT_EQ(board->find("gpio@70000"), nullptr) << "it is disabled";
    EXPECT_EQ(board->find("nobody"), nullptr);
    EXPECT_EQ(board->find(""), nullptr);
}

TEST(Board, EdgeInterruptsAreKnownFromTheirFlags) {
    auto const board = board_of("small.dtb");
    ASSERT_TRUE(board);
    auto const* const device = board->find("gpio@60000");
    ASSERT_NE(device, nullptr);
    ASSERT_EQ(device->interrupts.size(), 1u);
    EXPECT_EQ(device->interrupts[0].intid, 332u);
    EXPECT_TRUE(device->interrupts[0].edge);
}

TEST(Board, OnlyDevicesKnownToHaveNoDmaAreTrusted) {
    auto const board = board_of("virt-gicv3.dtb");
    ASSERT_TRUE(board);
    EXPECT_FALSE(board->find("/pl061@9030000")->may_do_dma);
    EXPECT_TRUE(board->find("/virtio_mmio@a000000")->may_do_dma);
    EXPECT_TRUE(board->find("/fw-cfg@9020000")->may_do_dma);
}

TEST(Board, EveryTruncationOfATreeIsRefused) {
    std::string why;
    auto const bytes = read_file("tests/golden/files/virt-gicv3.dtb", why);
    ASSERT_NE(bytes, nullptr);
    for (std::size_t n = 0; n < bytes->size(); n += 7) {
        std::vector<std::string> reasons;  // each tree's own: one that is left over refuses the next
        EXPECT_FALSE(read_board({bytes->begin(), bytes->begin() + static_cast<std::ptrdiff_t>(n)}, reasons)) << n;
    }
}

}  // namespace
}  // namespace tiffin
