// Exception syndromes, decoded. Pure: no register is read here, so every syndrome can be a unit test.
// Source: Arm ARM (DDI 0487), "ESR_EL2, Exception Syndrome Register (EL2)" and the "ISS encoding for ..." headings below it.
#pragma once
#include <cstdint>
#include <optional>

#include "base/addr.hpp"
#include "base/bits.hpp"

namespace tiffin::armv8 {

/// Exception class, ESR_ELx.EC.
enum class Ec : std::uint8_t {
    Unknown = 0x00,
    Wfx = 0x01,
    FpAccess = 0x07,
    Pauth = 0x09,
    IllegalState = 0x0e,
    Hvc32 = 0x12,
    Smc32 = 0x13,
    Hvc64 = 0x16,
    Smc64 = 0x17,
    SystemRegister = 0x18,
    Sve = 0x19,
    Sme = 0x1d,
    InstructionAbortLower = 0x20,
    InstructionAbortSame = 0x21,
    PcAlignment = 0x22,
    DataAbortLower = 0x24,
    DataAbortSame = 0x25,
    SpAlignment = 0x26,
    SError = 0x2f,
    BreakpointLower = 0x30,
    SoftwareStepLower = 0x32,
    WatchpointLower = 0x34,
    Bkpt32 = 0x38,
    Brk = 0x3c,
};

struct Esr {
    using EC = Field<31, 26, Ec>;
    using IL = Bit<25>;  // 1: the trapped instruction is 32 bits long
    using ISS = Field<24, 0>;
};

/// "ISS encoding for an exception from a Data Abort".
struct IssDataAbort {
    using ISV = Bit<24>;
    using SAS = Field<23, 22, unsigned>;
    using SSE = Bit<21>;
    using SRT = Field<20, 16, unsigned>;
    using SF = Bit<15>;
    using FnV = Bit<10>;
    using CM = Bit<8>;
    using S1PTW = Bit<7>;
    using WnR = Bit<6>;
    using DFSC = Field<5, 0, unsigned>;
    static_assert(disjoint<ISV, SAS, SSE, SRT, SF, FnV, CM, S1PTW, WnR, DFSC>());
};

/// "ISS encoding for an exception from MSR, MRS, or System instruction execution in AArch64 state".
struct IssSystem {
    using Op0 = Field<21, 20, unsigned>;
    using Op2 = Field<19, 17, unsigned>;
    using Op1 = Field<16, 14, unsigned>;
    using CRn = Field<13, 10, unsigned>;
    using Rt = Field<9, 5, unsigned>;
    using CRm = Field<4, 1, unsigned>;
    using Read = Bit<0>;
    static_assert(disjoint<Op0, Op2, Op1, CRn, Rt, CRm, Read>());
    /// The bits that name the register, in one number: a key for tables and switches.
    static constexpr std::uint32_t register_mask = 0x3f'fc1e;
};

struct IssWfx {
    using TI = Field<1, 0, unsigned>;  // 0 WFI, 1 WFE, 2 WFIT, 3 WFET
};

struct HpfarEl2 {
    using FIPA = Field<43, 4>;  // IPA[51:12]
};

/// What the hardware says of an exception taken to EL2.
struct Syndrome {
    std::uint64_t esr, far, hpfar;

    [[nodiscard]] constexpr Ec ec() const { return Esr::EC::get(esr); }
    /// The faulting guest-physical address. Valid only after `reports_ipa`.
    [[nodiscard]] constexpr Ipa ipa() const { return Ipa{HpfarEl2::FIPA::get(hpfar) << 12 | (far & 0xfff)}; }
};

/// Bytes of the instruction that trapped: 2 for a 16-bit T32 one of a 32-bit application.
constexpr std::uint64_t instruction_bytes(std::uint64_t esr) { return 2 + (esr >> 24 & 2); }
static_assert(instruction_bytes(Esr::IL::make(true)) == 4 && instruction_bytes(~Esr::IL::mask) == 2);

/// Fault status codes, xFSC[5:2]: the level is in the low two bits.
enum class FaultKind : std::uint8_t { AddressSize, Translation, AccessFlag, Permission, Other };

constexpr FaultKind fault_kind(std::uint64_t iss) {
    switch (IssDataAbort::DFSC::get(iss) >> 2) {
        case 0b0000: return FaultKind::AddressSize;
        case 0b0001: return FaultKind::Translation;
        case 0b0010: return FaultKind::AccessFlag;
        case 0b0011: return FaultKind::Permission;
        default: return FaultKind::Other;
    }
}

/// A guest load or store that EL2 can carry out in the guest's place.
struct MmioAccess {
    Ipa ipa;
    std::uint8_t size;  // 1, 2, 4 or 8 bytes
    std::uint8_t rt;    // 31 is XZR
    bool write, sign_extend, sixty_four;
};

/// Can EL2 carry the access out? Not what has no valid syndrome (pairs, exclusives, write-back, SIMD, DC ZVA), nor table walks,
/// cache maintenance and misaligned accesses: those get an abort, not a device. Only a translation fault tells a trustworthy
/// HPFAR_EL2 in every case (Arm ARM, HPFAR_EL2).
constexpr bool is_mmio(Syndrome const& s) {
    using I = IssDataAbort;
    constexpr auto decisive = I::ISV::mask | I::FnV::mask | I::CM::mask | I::S1PTW::mask | 0b111100;
    constexpr auto wanted = I::ISV::mask | 0b000100;  // DFSC 0b0001xx: translation fault
    return (s.esr & decisive) == wanted && (s.far & ((1u << I::SAS::get(s.esr)) - 1)) == 0;
}

/// The access that `is_mmio` allows.
constexpr MmioAccess mmio_access(Syndrome const& s) {
    using I = IssDataAbort;
    return {.ipa = s.ipa(),
            .size = static_cast<std::uint8_t>(1u << I::SAS::get(s.esr)),
            .rt = static_cast<std::uint8_t>(I::SRT::get(s.esr)),
            .write = I::WnR::get(s.esr),
            .sign_extend = I::SSE::get(s.esr),
            .sixty_four = I::SF::get(s.esr)};
}

constexpr std::optional<MmioAccess> decode_mmio(Syndrome const& s) {
    if (!is_mmio(s)) return std::nullopt;
    return mmio_access(s);
}

/// `size` is 1, 2, 4 or 8.
constexpr std::uint64_t low_bytes(std::uint64_t value, unsigned size) {
    unsigned const unused = 64 - 8 * size;
    return value << unused >> unused;
}

/// What a load leaves in the guest's register: truncated, sign-extended, 32 or 64 bits wide.
constexpr std::uint64_t finish_load(MmioAccess const& a, std::uint64_t raw) {
    unsigned const unused = 64 - 8u * a.size;
    auto const top = raw << unused;
    auto const value = a.sign_extend ? static_cast<std::uint64_t>(static_cast<std::int64_t>(top) >> unused) : top >> unused;
    return a.sixty_four ? value : static_cast<std::uint32_t>(value);
}

/// Syndromes that EL2 writes into ESR_EL1 when it gives a guest an exception.
namespace inject {
inline constexpr std::uint64_t il = 1ull << 25;
/// Undefined instruction.
inline constexpr std::uint64_t undefined = Esr::EC::make(Ec::Unknown) | il;
/// Synchronous External abort: on the access itself (FSC 0b010000), or on the level of the stage-1 walk that the stage-2 fault
/// `iss` tells of (FSC 0b0101LL).
constexpr std::uint64_t external_abort(std::uint64_t iss) {
    return IssDataAbort::S1PTW::get(iss) ? 0b010100 | (IssDataAbort::DFSC::get(iss) & 3) : 0b010000;
}
constexpr std::uint64_t data_abort(bool from_el1, bool write, std::uint64_t iss = 0) {
    return Esr::EC::make(from_el1 ? Ec::DataAbortSame : Ec::DataAbortLower) | il | IssDataAbort::WnR::make(write) |
           external_abort(iss);
}
constexpr std::uint64_t instruction_abort(bool from_el1, std::uint64_t iss = 0) {
    return Esr::EC::make(from_el1 ? Ec::InstructionAbortSame : Ec::InstructionAbortLower) | il | external_abort(iss);
}
}  // namespace inject

}  // namespace tiffin::armv8
