// System registers by number, and what a guest may know of the processor.
// Source: Arm ARM, "AArch64 System register encoding space"; "ID_AA64PFR0_EL1" and the other identification registers.
#pragma once
#include <cstdint>

#include "armv8/esr.hpp"

namespace tiffin::armv8 {

/// The name of a system register as it stands in a trap's ISS (IssSystem::register_mask), so that no translation is needed.
constexpr std::uint32_t sysreg(unsigned op0, unsigned op1, unsigned crn, unsigned crm, unsigned op2) {
    using I = IssSystem;
    return static_cast<std::uint32_t>(I::Op0::make(op0) | I::Op1::make(op1) | I::CRn::make(crn) | I::CRm::make(crm) |
                                      I::Op2::make(op2));
}

namespace reg {
inline constexpr std::uint32_t actlr_el1 = sysreg(3, 0, 1, 0, 1);
inline constexpr std::uint32_t icc_sgi1r_el1 = sysreg(3, 0, 12, 11, 5), icc_asgi1r_el1 = sysreg(3, 0, 12, 11, 6),
                               icc_sgi0r_el1 = sysreg(3, 0, 12, 11, 7);
inline constexpr std::uint32_t icc_sre_el1 = sysreg(3, 0, 12, 12, 5);
inline constexpr std::uint32_t cntp_tval_el0 = sysreg(3, 3, 14, 2, 0), cntp_ctl_el0 = sysreg(3, 3, 14, 2, 1),
                               cntp_cval_el0 = sysreg(3, 3, 14, 2, 2);
inline constexpr std::uint32_t dc_isw = sysreg(1, 0, 7, 6, 2), dc_csw = sysreg(1, 0, 7, 10, 2), dc_cisw = sysreg(1, 0, 7, 14, 2);
inline constexpr std::uint32_t oslsr_el1 = sysreg(2, 0, 1, 1, 4);
}  // namespace reg
static_assert(reg::icc_sgi1r_el1 == 0x3a3016);  // as seen in an ESR_EL2

/// The identification space: op0 3, op1 0, CRn 0, CRm 1..7 (HCR_EL2.TID3). `crm` 1..7, `op2` 0..7.
constexpr bool is_id_register(std::uint32_t key) {
    return (key & ~(IssSystem::CRm::make(7) | IssSystem::Op2::mask)) == sysreg(3, 0, 0, 0, 0);
}

/// How one four-bit field of an identification register is shown: its place, and the largest value a guest may see.
struct IdLimit {
    std::uint8_t shift, most;
};

/// Which features a guest sees. What is listed is capped; fields that are not listed are shown as the hardware has them. The
/// policy in words: EL2, EL3, SVE, SME, MTE, pointer authentication, RAS, MPAM, AMU, PMU, trace, SPE, LORegions, nested
/// virtualisation and timed WFI are hidden, because EL2 neither switches nor confines them; hidden features trap and are given to
/// the guest as undefined (docs/decisions/0004).
struct IdPolicy {
    std::uint8_t crm, op2;
    IdLimit limits[10];  // ends with most == 0xff
    bool hide;           // the whole register reads as zero
};

inline constexpr IdLimit id_end{0, 0xff};
// clang-format off
inline constexpr IdPolicy id_policies[] = {
    {1, 2, {{24, 0}, id_end}, false},                                        // ID_DFR0_EL1: no PMU
    {4, 0, {{8, 0}, {12, 0}, {28, 0}, {32, 0}, {36, 0}, {40, 0}, {44, 0}, {52, 0}, {56, 1}, id_end}, false},  // ID_AA64PFR0_EL1
    {4, 1, {{8, 0}, {12, 0}, {16, 0}, {24, 0}, {28, 0}, {32, 0}, {36, 0}, {40, 0}, {44, 0}, id_end}, false},  // ID_AA64PFR1_EL1
    {4, 2, {}, true}, {4, 3, {}, true}, {4, 4, {}, true}, {4, 5, {}, true}, {4, 6, {}, true}, {4, 7, {}, true},  // ZFR0, SMFR0
    {5, 1, {}, true}, {5, 4, {}, true}, {5, 5, {}, true},                    // ID_AA64DFR1, AFR0, AFR1
    {6, 0, {{24, 0}, id_end}, false},                                        // ID_AA64ISAR0_EL1: no TME
    {6, 1, {{4, 0}, {8, 0}, {24, 0}, {28, 0}, {60, 0}, id_end}, false},      // ID_AA64ISAR1_EL1: no PAuth, no LS64
    {6, 2, {{0, 0}, {8, 0}, {12, 0}, {16, 0}, id_end}, false},               // ID_AA64ISAR2_EL1: no WFxT, PAuth (QARMA3), MOPS
    {7, 0, {{56, 0}, {60, 0}, id_end}, false},                               // ID_AA64MMFR0_EL1: no FGT, ECV
    {7, 1, {{4, 0}, {8, 0}, {16, 0}, {24, 0}, {32, 0}, {40, 0}, {52, 0}, {56, 0}, id_end}, false},  // ID_AA64MMFR1_EL1
    {7, 2, {{12, 0}, {24, 0}, {40, 0}, {56, 0}, id_end}, false},             // ID_AA64MMFR2_EL1: no IESB, NV, FWB, EVT
    {7, 3, {}, true}, {7, 4, {}, true},                                      // ID_AA64MMFR3, MMFR4
};
// clang-format on

/// What the guest reads from identification register (crm, op2) whose hardware value is `value`. `gicv3`: its VM has system
/// registers of a GIC.
constexpr std::uint64_t id_value(unsigned crm, unsigned op2, std::uint64_t value, bool gicv3) {
    if (crm == 5 && op2 == 0) return 6;  // ID_AA64DFR0_EL1: Armv8.0 debug, nothing else; the registers are RAZ/WI
    for (auto const& policy : id_policies) {
        if (policy.crm != crm || policy.op2 != op2) continue;
        if (policy.hide) return 0;
        for (auto const& limit : policy.limits) {
            if (limit.most == 0xff) break;
            if ((value >> limit.shift & 0xf) > limit.most)
                value = (value & ~(0xfull << limit.shift)) | static_cast<std::uint64_t>(limit.most) << limit.shift;
        }
        break;
    }
    if (crm == 4 && op2 == 0) value = (value & ~(0xfull << 24)) | (gicv3 ? 1ull << 24 : 0);
    return value;
}
// cortex-max of QEMU 7.2 (el2-traps): 1201001121110222 keeps EL1/EL0 in both states, FP, the GIC, DIT; loses EL2, SVE, RAS.
static_assert(id_value(4, 0, 0x1201'0011'2111'0222, true) == 0x1101'0000'0111'0022);

}  // namespace tiffin::armv8
