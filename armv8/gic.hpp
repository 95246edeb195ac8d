// The GIC's registers and encodings, versions 2 and 3. Sources: GICv2 (IHI 0048) "Distributor register map", "CPU interface
// register map", "GIC virtual interface control registers"; GICv3 (IHI 0069) "The GIC Distributor/Redistributor register map",
// "ICH_LR<n>_EL2".
#pragma once
#include <cstdint>

#include "base/bits.hpp"

namespace tiffin::armv8 {

/// Distributor; the banks from IGROUPR to ICFGR have the same offsets in a GICv3 redistributor's SGI frame.
namespace gicd {
inline constexpr std::uint32_t ctlr = 0x000, typer = 0x004, iidr = 0x008;
inline constexpr std::uint32_t igroupr = 0x080, isenabler = 0x100, icenabler = 0x180, ispendr = 0x200, icpendr = 0x280;
inline constexpr std::uint32_t isactiver = 0x300, icactiver = 0x380, ipriorityr = 0x400, itargetsr = 0x800, icfgr = 0xc00;
inline constexpr std::uint32_t igrpmodr = 0xd00, sgir = 0xf00, cpendsgir = 0xf10, spendsgir = 0xf20;
inline constexpr std::uint32_t irouter = 0x6000;  // + 8 * INTID
inline constexpr std::uint32_t pidr2_v2 = 0xfe8, pidr2_v3 = 0xffe8;
struct Ctlr {
    static constexpr std::uint32_t enable_group0 = 1, enable_group1 = 2, are = 1u << 4, ds = 1u << 6, rwp = 1u << 31;
};
struct Pidr2 {
    using ArchRev = Field<7, 4, unsigned>;
};
}  // namespace gicd

namespace gicr {
inline constexpr std::uint32_t ctlr = 0x0000, iidr = 0x0004, typer = 0x0008, waker = 0x0014, pidr2 = 0xffe8;
inline constexpr std::uint32_t sgi_frame = 0x1'0000, stride = 0x2'0000;
struct Waker {
    static constexpr std::uint32_t processor_sleep = 2, children_asleep = 4;
};
struct Typer {
    static constexpr std::uint64_t last = 1u << 4;
    using ProcessorNumber = Field<23, 8>;
    using Affinity = Field<63, 32>;
};
}  // namespace gicr

/// GICv2 CPU interface.
namespace gicc {
inline constexpr std::uint32_t ctlr = 0x00, pmr = 0x04, bpr = 0x08, iar = 0x0c, eoir = 0x10, hppir = 0x18, dir = 0x1000;
inline constexpr std::uint32_t ctlr_enable = 1, ctlr_eoi_mode = 1u << 9;
}  // namespace gicc

/// GICv2 virtual interface control.
namespace gich {
inline constexpr std::uint32_t hcr = 0x00, vtr = 0x04, vmcr = 0x08, elrsr0 = 0x30, apr = 0xf0, lr0 = 0x100;
}  // namespace gich

/// ICH_HCR_EL2 and GICH_HCR: the bits that both have in common places.
struct IchHcr {
    static constexpr std::uint32_t en = 1, uie = 2, lrenpie = 4, npie = 8;
    using EOIcount = Field<31, 27, unsigned>;
};

/// A list register, in the form of ICH_LR<n>_EL2. GICv2 keeps the same facts in 32 bits: see to_v2 and from_v2.
struct Lr {
    enum class State : std::uint8_t { Invalid = 0, Pending = 1, Active = 2, PendingActive = 3 };
    using VIntid = Field<31, 0, std::uint32_t>;
    using PIntid = Field<44, 32, std::uint32_t>;  // if HW
    using Eoi = Bit<41>;                          // if not HW: maintenance interrupt at end of interrupt
    using Priority = Field<55, 48, std::uint8_t>;
    using Group1 = Bit<60>;
    using Hw = Bit<61>;
    using LrState = Field<63, 62, State>;
    static_assert(disjoint<VIntid, PIntid, Priority, Group1, Hw, LrState>());

    static constexpr bool is_pending(std::uint64_t lr) { return (lr >> 62 & 1) != 0; }
    static constexpr bool is_active(std::uint64_t lr) { return (lr >> 63) != 0; }
};

/// GICH_LRn ("List Registers"): HW 31, Grp1 30, State 29:28, Priority 27:23, EOI 19 and CPUID 12:10 or physical ID 19:10, virtual
/// ID 9:0. A GICv2 guest expects the sender of an SGI in IAR[12:10]; `source` is that, and zero otherwise. lr_from_v2 leaves it
/// in PIntid[2:0].
constexpr std::uint32_t lr_to_v2(std::uint64_t lr, std::uint32_t source) {
    auto const state = static_cast<std::uint32_t>(lr >> 62);
    std::uint32_t v2 = state << 28 | static_cast<std::uint32_t>(Lr::Priority::get(lr) >> 3) << 23 | (Lr::VIntid::get(lr) & 0x3ff);
    if (Lr::Group1::get(lr)) v2 |= 1u << 30;
    if (Lr::Hw::get(lr)) return v2 | 1u << 31 | (Lr::PIntid::get(lr) & 0x3ff) << 10;
    if (Lr::Eoi::get(lr)) v2 |= 1u << 19;
    return v2 | (source & 7) << 10;
}

constexpr std::uint64_t lr_from_v2(std::uint32_t v2) {
    std::uint64_t lr = Lr::VIntid::make(v2 & 0x3ff) | static_cast<std::uint64_t>(v2 >> 28 & 3) << 62 |
                       Lr::Priority::make(static_cast<std::uint8_t>((v2 >> 23 & 0x1f) << 3)) |
                       Lr::Group1::make((v2 >> 30 & 1) != 0);
    if ((v2 >> 31) != 0) return lr | Lr::Hw::make(true) | Lr::PIntid::make(v2 >> 10 & 0x3ff);
    return lr | Lr::Eoi::make((v2 >> 19 & 1) != 0) | Lr::PIntid::make(v2 >> 10 & 7);
}

static_assert(lr_to_v2(Lr::VIntid::make(27) | Lr::LrState::make(Lr::State::Pending) | Lr::Hw::make(true) | Lr::PIntid::make(27),
                       0) == 0x9000'6c1b);
static_assert(lr_from_v2(0x9000'6c1b) == (27ull | 1ull << 62 | 1ull << 61 | 27ull << 32));

/// ICH_VMCR_EL2 and GICH_VMCR: what the guest has set in its CPU interface. The fields here have one place in both; GICv2 keeps the
/// upper five bits of the priority mask.
struct IchVmcr {
    using Veng0 = Bit<0>;
    using Veng1 = Bit<1>;
    using Vpmr = Field<31, 24, std::uint8_t>;
};

/// Does the CPU interface signal a pending interrupt that a list register holds, unless a more urgent one is being handled? That is
/// what wakes a guest from WFI (IHI 0069, "Priority masking"; Arm ARM, "Wait for Interrupt").
constexpr bool is_signalled(std::uint64_t lr, std::uint64_t vmcr) {
    bool const enabled = Lr::Group1::get(lr) ? IchVmcr::Veng1::get(vmcr) : IchVmcr::Veng0::get(vmcr);
    return Lr::is_pending(lr) && enabled && Lr::Priority::get(lr) < IchVmcr::Vpmr::get(vmcr);
}
static_assert(is_signalled(1ull << 62 | 0xa0ull << 48 | 1ull << 60, 0xf000'0002));
static_assert(!is_signalled(1ull << 62 | 0xa0ull << 48 | 1ull << 60, 0xa000'0002));
static_assert(!is_signalled(1ull << 62 | 0xa0ull << 48, 0xf000'0002));

/// ICC_SGI1R_EL1: whom a software-generated interrupt goes to.
struct SgiR {
    using TargetList = Field<15, 0, std::uint32_t>;
    using Aff1 = Field<23, 16, std::uint32_t>;
    using Intid = Field<27, 24, std::uint32_t>;
    using Aff2 = Field<39, 32, std::uint32_t>;
    using Irm = Bit<40>;
    using RangeSelector = Field<47, 44, std::uint32_t>;
    using Aff3 = Field<55, 48, std::uint32_t>;

    /// What addresses one core, by the affinity fields of its MPIDR_EL1.
    static constexpr std::uint64_t to(std::uint64_t affinity) {
        auto const aff0 = static_cast<std::uint32_t>(affinity & 0xff);
        return TargetList::make(1u << (aff0 % 16)) | RangeSelector::make(aff0 / 16) |
               Aff1::make(static_cast<std::uint32_t>(affinity >> 8 & 0xff)) |
               Aff2::make(static_cast<std::uint32_t>(affinity >> 16 & 0xff)) |
               Aff3::make(static_cast<std::uint32_t>(affinity >> 32 & 0xff));
    }
};
static_assert(SgiR::to(0x0003) == 0x8 && SgiR::to(0x01'0002'0112) == 0x0001'1002'0001'0004);

/// GICD_SGIR of GICv2.
struct SgirV2 {
    using Intid = Field<3, 0, std::uint32_t>;
    using TargetList = Field<23, 16, std::uint32_t>;
    using Filter = Field<25, 24, std::uint32_t>;  // 0: list, 1: all but self, 2: self
};

inline constexpr std::uint32_t first_private_intid = 16, first_special_intid = 1020, spurious_intid = 1023;  // below 16: SGIs

}  // namespace tiffin::armv8
