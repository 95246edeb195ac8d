// SMMUv3: registers, stream table entries, context descriptors, commands, events. Source: Arm IHI 0070, "System Memory Management Unit
// Architecture Specification, version 3": "Registers", "Stream Table Entry", "Context Descriptor", "Commands", "Event queue".
#pragma once
#include <cstdint>

#include "armv8/translation.hpp"
#include "base/addr.hpp"
#include "base/bits.hpp"

namespace tiffin::armv8::smmu {

// Registers: page 0, and the event queue's indices in page 1.
inline constexpr std::uint32_t idr0 = 0x00, idr1 = 0x04, cr0 = 0x20, cr0ack = 0x24, cr1 = 0x28, cr2 = 0x2c, gbpa = 0x44;
inline constexpr std::uint32_t irq_ctrl = 0x50, irq_ctrlack = 0x54;
inline constexpr std::uint32_t strtab_base = 0x80, strtab_base_cfg = 0x88;
inline constexpr std::uint32_t cmdq_base = 0x90, cmdq_prod = 0x98, cmdq_cons = 0x9c;
inline constexpr std::uint32_t eventq_base = 0xa0, eventq_prod = 0x1'00a8, eventq_cons = 0x1'00ac;
inline constexpr std::uint64_t frame_bytes = 0x2'0000;

struct Idr0 {
    using S2P = Bit<0>;
    using S1P = Bit<1>;
    using TTF = Field<3, 2, unsigned>;  // bit 1: AArch64 tables
    using COHACC = Bit<4>;
};
struct Idr1 {
    using SIDSIZE = Field<5, 0, unsigned>;
    using EVENTQS = Field<20, 16, unsigned>;
    using CMDQS = Field<25, 21, unsigned>;
    using PRESET = Field<30, 29, unsigned>;  // queues or tables at fixed addresses
};

namespace Cr0 {
inline constexpr std::uint32_t smmuen = 1, eventqen = 4, cmdqen = 8;
}
/// Tables and queues: write-back, inner shareable.
inline constexpr std::uint32_t cr1_coherent = 3u << 10 | 1u << 8 | 1u << 6 | 3u << 4 | 1u << 2 | 1u;
inline constexpr std::uint32_t cr2_private = 1u << 2;  // PTM: others' broadcast invalidations are not ours
namespace Gbpa {
inline constexpr std::uint32_t abort = 1u << 20, update = 1u << 31;
}
inline constexpr std::uint32_t irq_ctrl_eventq = 1u << 2;

/// A base register of a queue of 2^log2 entries.
constexpr std::uint64_t queue_base(Pa at, unsigned log2) { return at.raw() | log2; }

/// "Stream Table Entry": which translation a stream has.
struct Ste {
    std::uint64_t words[8]{};

    using V = Bit<0>;
    using Config = Field<3, 1, unsigned>;
    using SHCFG = Field<45, 44, unsigned>;  // in words[1]
    static constexpr unsigned abort = 0b000, stage1 = 0b101, stage2 = 0b110;
    static constexpr unsigned incoming = 0b01;

    // In words[2].
    using S2VMID = Field<15, 0, unsigned>;
    using S2T0SZ = Field<37, 32, unsigned>;
    using S2SL0 = Field<39, 38, unsigned>;
    using S2IR0 = Field<41, 40, unsigned>;
    using S2OR0 = Field<43, 42, unsigned>;
    using S2SH0 = Field<45, 44, unsigned>;
    using S2PS = Field<50, 48, unsigned>;
    using S2AA64 = Bit<51>;
    using S2AFFD = Bit<53>;
    using S2R = Bit<58>;
    static_assert(disjoint<S2VMID, S2T0SZ, S2SL0, S2IR0, S2OR0, S2SH0, S2PS, S2AA64, S2AFFD, S2R>());

    /// Everything is aborted, and nothing told. (An entry that is not valid aborts too, and raises an event each time.)
    static constexpr Ste aborting() { return {{V::make(true) | Config::make(abort)}}; }
    /// Translation by the one context descriptor at `cd`.
    static constexpr Ste by_stage1(Pa cd) { return {{V::make(true) | Config::make(stage1) | cd.raw(), SHCFG::make(incoming)}}; }
    /// Translation by stage-2 tables whose root is one 4 KiB table of level 1 at `root`.
    static constexpr Ste by_stage2(Pa root, std::uint32_t vmid, unsigned physical_range) {
        return {{V::make(true) | Config::make(stage2), SHCFG::make(incoming),
                 S2VMID::make(vmid) | S2T0SZ::make(64 - geometry::input_bits) | S2SL0::make(1) | S2IR0::make(1) | S2OR0::make(1) |
                     S2SH0::make(3) | S2PS::make(physical_range) | S2AA64::make(true) | S2AFFD::make(true) | S2R::make(true),
                 root.raw()}};
    }
};
static_assert(sizeof(Ste) == 64);

/// "Context Descriptor": stage 1 by one root, TTB0.
struct Cd {
    std::uint64_t words[8]{};

    using T0SZ = Field<5, 0, unsigned>;
    using IR0 = Field<9, 8, unsigned>;
    using OR0 = Field<11, 10, unsigned>;
    using SH0 = Field<13, 12, unsigned>;
    using EPD1 = Bit<30>;
    using V = Bit<31>;
    using IPS = Field<34, 32, unsigned>;
    using AFFD = Bit<35>;
    using AA64 = Bit<41>;
    using R = Bit<45>;  // faults are recorded
    using A = Bit<46>;  // and aborted
    using ASET = Bit<47>;
    using ASID = Field<63, 48, unsigned>;
    static_assert(disjoint<T0SZ, IR0, OR0, SH0, EPD1, V, IPS, AFFD, AA64, R, A, ASET, ASID>());

    static constexpr Cd make(Pa root, std::uint32_t asid, unsigned physical_range) {
        return {{T0SZ::make(64 - geometry::input_bits) | IR0::make(1) | OR0::make(1) | SH0::make(3) | EPD1::make(true) |
                     V::make(true) | IPS::make(physical_range) | AFFD::make(true) | AA64::make(true) | R::make(true) |
                     A::make(true) | ASET::make(true) | ASID::make(asid),
                 root.raw(), 0, Stage1El2::mair}};
    }
};
static_assert(sizeof(Cd) == 64);

/// Leaf attributes of RAM in a device's stage 1: readable and writable without privilege, never executed, the ASID's own.
inline constexpr std::uint64_t stage1_ram = 1ull << 6 | 3ull << 8 | 1ull << 11 | 3ull << 53;

/// Of the page that takes messages: Device memory (Stage1El2::mair), never executed, the ASID's own.
inline constexpr std::uint64_t stage1_device = 1ull << 2 | 1ull << 6 | 1ull << 11 | 3ull << 53;

struct Command {
    std::uint64_t words[2]{};

    static constexpr Command cfgi_ste(std::uint32_t stream) { return {{0x03 | std::uint64_t{stream} << 32, 1}}; }
    static constexpr Command cfgi_all() { return {{0x04, 31}}; }
    static constexpr Command tlbi_nsnh_all() { return {{0x30, 0}}; }
    static constexpr Command sync() { return {{0x46, 0}}; }
};
static_assert(sizeof(Command) == 16);

/// "Event records".
struct Event {
    std::uint64_t words[4]{};

    enum class Kind : std::uint8_t { BadSte = 0x04, Translation = 0x10, AddressSize = 0x11, Access = 0x12, Permission = 0x13 };

    [[nodiscard]] constexpr std::uint8_t type() const { return static_cast<std::uint8_t>(words[0]); }
    [[nodiscard]] constexpr std::uint32_t stream() const { return static_cast<std::uint32_t>(words[0] >> 32); }
    [[nodiscard]] constexpr bool is_read() const { return (words[1] & bit(35)) != 0; }
    [[nodiscard]] constexpr std::uint64_t address() const { return words[2]; }
    /// Has it an address? Those of translation have, those of configuration have not.
    [[nodiscard]] constexpr bool has_address() const { return type() >= static_cast<std::uint8_t>(Kind::Translation); }
};
static_assert(sizeof(Event) == 32);

}  // namespace tiffin::armv8::smmu
