#include "armv8/esr.hpp"

#include <cstdint>
#include <gtest/gtest.h>

namespace tiffin::armv8 {
namespace {

// Syndromes put together by hand from "ISS encoding for an exception from a Data Abort": EC 0x24, IL, ISV, then the fields named.
constexpr std::uint64_t load_w0 = 0x9380'0006;     // ldr w0: SAS 2, SRT 0, translation fault of level 2
constexpr std::uint64_t store_b1 = 0x9301'0047;    // strb w1: SAS 0, SRT 1, WnR, level 3
constexpr std::uint64_t load_sh_x2 = 0x9362'8007;  // ldrsh x2: SAS 1, SSE, SRT 2, SF, level 3
constexpr std::uint64_t hpfar_of_uart = 0x9'0000;  // 0x0900'0000 >> 12 << 4
constexpr std::uint64_t isv = 1u << 24, fnv = 1u << 10, cm = 1u << 8, s1ptw = 1u << 7;

constexpr Syndrome at_uart(std::uint64_t esr, std::uint64_t offset = 0x18) {
    return {.esr = esr, .far = 0xffff'8000'0800'0000 | offset, .hpfar = hpfar_of_uart};
}

TEST(DataAbort, AWordLoadNamesRegisterSizeAndAddress) {
    auto const access = decode_mmio(at_uart(load_w0));
    ASSERT_TRUE(access);
    EXPECT_EQ(access->ipa, Ipa{0x0900'0018});
    EXPECT_EQ(access->size, 4);
    EXPECT_EQ(access->rt, 0);
    EXPECT_FALSE(access->write || access->sign_extend || access->sixty_four);
}

TEST(DataAbort, AByteStoreIsAWriteFromItsRegister) {
    auto const access = decode_mmio(at_uart(store_b1, 0x1));
    ASSERT_TRUE(access);
    EXPECT_EQ(access->size, 1);
    EXPECT_EQ(access->rt, 1);
    EXPECT_TRUE(access->write);
}

TEST(DataAbort, ASignExtendingHalfwordLoadFillsAllOfX) {
    auto const access = decode_mmio(at_uart(load_sh_x2));
    ASSERT_TRUE(access);
    EXPECT_EQ(access->size, 2);
    EXPECT_EQ(access->rt, 2);
    EXPECT_EQ(finish_load(*access, 0x8001), 0xffff'ffff'ffff'8001u);
}

TEST(DataAbort, WithoutAValidSyndromeThereIsNothingToEmulate) { EXPECT_FALSE(decode_mmio(at_uart(load_w0 & ~isv))); }

TEST(DataAbort, PermissionFaultNeverTrustsHpfar) { EXPECT_FALSE(decode_mmio(at_uart((load_w0 & ~0x3full) | 0x0e))); }

TEST(DataAbort, AnExternalAbortIsNoDevice) { EXPECT_FALSE(decode_mmio(at_uart((load_w0 & ~0x3full) | 0x10))); }

TEST(DataAbort, AnUnknownAddressATableWalkAndCacheMaintenanceAreNotEmulated) {
    EXPECT_FALSE(decode_mmio(at_uart(load_w0 | fnv)));
    EXPECT_FALSE(decode_mmio(at_uart(load_w0 | s1ptw)));
    EXPECT_FALSE(decode_mmio(at_uart(load_w0 | cm)));
}

TEST(DataAbort, AMisalignedAccessReachesNoDevice) {
    EXPECT_FALSE(decode_mmio(at_uart(load_w0, 0x1a)));
    EXPECT_TRUE(decode_mmio(at_uart(load_sh_x2, 0x1a)));
}

TEST(FinishLoad, CutsExtendsAndWidensAsTheInstructionSays) {
    MmioAccess access{.ipa = Ipa{0}, .size = 1, .rt = 0, .write = false, .sign_extend = false, .sixty_four = false};
    EXPECT_EQ(finish_load(access, 0x1'0180), 0x80u);
    access.sign_extend = true;
    EXPECT_EQ(finish_load(access, 0x80), 0xffff'ff80u);  // ldrsb w: the upper half of X is zero
    access.sixty_four = true;
    EXPECT_EQ(finish_load(access, 0x80), 0xffff'ffff'ffff'ff80u);
    EXPECT_EQ(finish_load(access, 0x7f), 0x7fu);
    access.size = 8;
    EXPECT_EQ(finish_load(access, 0x8000'0000'0000'0001), 0x8000'0000'0000'0001u);
}

TEST(FaultKind, TheLevelDoesNotChangeTheKind) {
    for (std::uint64_t level = 0; level < 4; ++level) {
        EXPECT_EQ(fault_kind(0b0000'00 | level), FaultKind::AddressSize);
        EXPECT_EQ(fault_kind(0b0001'00 | level), FaultKind::Translation);
        EXPECT_EQ(fault_kind(0b0010'00 | level), FaultKind::AccessFlag);
        EXPECT_EQ(fault_kind(0b0011'00 | level), FaultKind::Permission);
        EXPECT_EQ(fault_kind(0b0100'00 | level), FaultKind::Other);
    }
}

TEST(Inject, TheSyndromesAreThoseOfHardware) {
    EXPECT_EQ(inject::undefined, 0x0200'0000u);
    EXPECT_EQ(inject::data_abort(true, true), 0x9600'0050u);
    EXPECT_EQ(inject::data_abort(false, false), 0x9200'0010u);
    EXPECT_EQ(inject::instruction_abort(true), 0x8600'0010u);
    EXPECT_EQ(inject::instruction_abort(false), 0x8200'0010u);
}

TEST(Hpfar, HoldsAllBitsOfA52BitAddress) {
    Syndrome const s{.esr = 0, .far = 0xabc, .hpfar = 0xfff'ffff'fff0};
    EXPECT_EQ(s.ipa(), Ipa{0xf'ffff'ffff'fabc});
}

}  // namespace
}  // namespace tiffin::armv8
