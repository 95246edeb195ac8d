#include "armv8/sysreg.hpp"

#include <cstdint>
#include <gtest/gtest.h>

namespace tiffin::armv8 {
namespace {

// As read on QEMU 7.2's `max`, where not said otherwise.
constexpr std::uint64_t max_isar1 = 0x0011'1110'1021'2032;  // GPI, API, ...
constexpr unsigned api = 8, gpi = 28;

constexpr std::uint64_t field(std::uint64_t value, unsigned shift) { return value >> shift & 0xf; }

TEST(SystemRegister, TheKeyIsWhatATrapHolds) {
    // msr icc_sgi1r_el1, x7: ISS 0x3a30f6; only the register's name counts, not Rt and not the direction.
    EXPECT_EQ(0x3a'30f6u & IssSystem::register_mask, reg::icc_sgi1r_el1);
    EXPECT_EQ(sysreg(3, 3, 14, 2, 1), reg::cntp_ctl_el0);
}

TEST(IdRegisters, AreAllOfCrm1To7AndOp0To7OfTheirSpace) {
    for (unsigned crm = 1; crm < 8; ++crm)
        for (unsigned op2 = 0; op2 < 8; ++op2) EXPECT_TRUE(is_id_register(sysreg(3, 0, 0, crm, op2)));
    EXPECT_FALSE(is_id_register(sysreg(3, 0, 1, 0, 0)));  // SCTLR_EL1
    EXPECT_FALSE(is_id_register(sysreg(3, 1, 0, 0, 1)));  // CLIDR_EL1
}

TEST(IdRegisters, PointerAuthenticationIsHidden) {
    auto const shown = id_value(6, 1, max_isar1, true);
    EXPECT_EQ(field(shown, 4), 0u);
    EXPECT_EQ(field(shown, api), 0u);
    EXPECT_EQ(field(shown, 24), 0u);
    EXPECT_EQ(field(shown, gpi), 0u);
}

TEST(IdRegisters, WhatIsNotListedIsShownAsItIs) { EXPECT_EQ(field(id_value(6, 1, max_isar1, true), 0), field(max_isar1, 0)); }

TEST(IdRegisters, NoGuestSeesEl2OrEl3) {
    auto const shown = id_value(4, 0, 0x1222, true);
    EXPECT_EQ(field(shown, 8), 0u);
    EXPECT_EQ(field(shown, 12), 0u);
    EXPECT_EQ(shown & 0xff, 0x22u);  // both instruction sets at EL1 and EL0
}

TEST(IdRegisters, TheGicSystemRegistersAreShownToGicv3GuestsOnly) {
    EXPECT_EQ(field(id_value(4, 0, 0x0100'0022, true), 24), 1u);
    EXPECT_EQ(field(id_value(4, 0, 0x0100'0022, false), 24), 0u);
}

TEST(IdRegisters, DebugIsPlainArmv8WithoutPmuTraceOrProfiling) { EXPECT_EQ(id_value(5, 0, ~std::uint64_t{0}, true), 6u); }

TEST(IdRegisters, SveAndSmeAreHiddenWhole) {
    EXPECT_EQ(id_value(4, 4, ~std::uint64_t{0}, true), 0u);
    EXPECT_EQ(id_value(4, 5, ~std::uint64_t{0}, true), 0u);
}

TEST(IdRegisters, APolicyNeverShowsMoreThanTheHardwareHas) {
    for (auto const& policy : id_policies) EXPECT_EQ(id_value(policy.crm, policy.op2, 0, false), 0u);
}

}  // namespace
}  // namespace tiffin::armv8
