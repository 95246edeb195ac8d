#include "vdev/pci/ecam.hpp"

#include <array>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "core/testing.hpp"

namespace tiffin::vdev {
namespace {

struct RecordingFence final : pci::DmaFence {
    std::vector<std::string> said;
    void open(std::uint32_t function) override { said.push_back("open " + std::to_string(function)); }
    void close(std::uint32_t function) override { said.push_back("close " + std::to_string(function)); }
};

using tiffin::testing::Board;

struct PciHostBridge : ::testing::Test {
    PciHostBridge() {
        words[pci::id / 4] = 0x11e8'1234;
        function.bars[0] = {0x1000'0000, 0xfff0'0000, false};
    }
    static constexpr std::uint32_t at = 8 * pci::ecam_stride;
    std::uint64_t read(std::uint32_t offset, std::uint8_t size) { return ecam.read(board.vcpu(0), {offset, size}); }
    void write(std::uint32_t offset, std::uint8_t size, std::uint64_t value) { ecam.write(board.vcpu(0), {offset, size}, value); }

    alignas(8) std::array<std::uint32_t, 1024> words{};
    abi::PciRecord record{.vm = 0, .function = 8, .line = 3, .flags = 0};
    pci::Function function{.config = Mmio{reinterpret_cast<std::uintptr_t>(words.data())}, .record = &record};
    Board board{{{}}};
    RecordingFence fence;
    Ecam ecam{board.vm(0), {&function, 1}, &fence};
};

TEST_F(PciHostBridge, ShowsItsFunctionAndNobodyElse) {
    EXPECT_EQ(read(at, 4), 0x11e8'1234u);
    EXPECT_EQ(read(at + 2, 2), 0x11e8u);
    EXPECT_EQ(read(at + 3, 1), 0x11u);
    EXPECT_EQ(read(0, 4), 0xffff'ffffu);
    EXPECT_EQ(read(at + pci::ecam_stride, 2), 0xffffu);
    EXPECT_EQ(read(at, 8), ~0ull);
}

TEST_F(PciHostBridge, ANarrowWriteKeepsTheRestOfTheWord) {
    write(at + pci::command, 2, pci::Command::bus_master | pci::Command::memory);
    write(at + pci::command, 1, pci::Command::memory);
    EXPECT_EQ(words[pci::command / 4], pci::Command::memory);
    write(at + pci::command + 1, 1, pci::Command::interrupt_disable >> 8);
    EXPECT_EQ(words[pci::command / 4], pci::Command::memory | pci::Command::interrupt_disable);
}

TEST_F(PciHostBridge, WritesToOthersAndOfEightBytesAreIgnored) {
    auto const before = words;
    write(at + pci::command, 8, ~0ull);
    write(at + pci::ecam_stride + pci::command, 4, ~0ull);
    EXPECT_EQ(words, before);
}

TEST_F(PciHostBridge, AStoppedVmsFunctionIsQuietBeforeItsDmaIsClosed) {
    write(at + pci::command, 4, pci::Command::bus_master);
    ecam.quiesce();
    EXPECT_EQ(words[pci::command / 4], pci::Command::interrupt_disable);
    ecam.reset();
    EXPECT_EQ(fence.said, (std::vector<std::string>{"close 8", "open 8"}));
}

}  // namespace
}  // namespace tiffin::vdev
