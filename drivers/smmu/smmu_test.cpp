// The driver on memory that looks like an SMMU: it never does what it is told.
#include "drivers/smmu/smmu.hpp"

#include <gtest/gtest.h>
#include <vector>

#include "core/testing.hpp"

namespace tiffin {
namespace {

namespace regs = armv8::smmu;

struct SmmuAtRest : ::testing::Test {
    static constexpr std::uint32_t function = 8;
    alignas(65536) static inline std::uint64_t memory[0x4'0000 / 8];
    testing::Board board{{{.function = function}}};
    std::vector<std::uint32_t> registers = std::vector<std::uint32_t>(0x2'0000 / 4);
    Pool pool{Pa{reinterpret_cast<std::uint64_t>(memory)}, sizeof memory};
    Smmu smmu{reinterpret_cast<std::uintptr_t>(registers.data()), Pa{0}};

    SmmuAtRest() {
        board.boot();
        registers[regs::idr0 / 4] = 0x3 | 2u << 2 | 1u << 4;  // both stages, AArch64's tables, coherent
    }
};

TEST_F(SmmuAtRest, ThatDoesNotDoWhatItIsToldIsToldOfOnce) {
    smmu.init(pool);
    EXPECT_FALSE(smmu.is_well());
    smmu.give(pool, board.plan().pci()[0], board.vm(0));
    smmu.open(function);
    EXPECT_NE(board.said().find("the board's SMMU is broken: DMA of PCI functions may go on, or not begin"), std::string::npos);
    smmu.close(function);
    EXPECT_EQ(board.said(), "");
}

}  // namespace
}  // namespace tiffin
