// The Interrupt Translation Service of a GICv3, and LPIs: registers, tables, commands. Source: GICv3 (IHI 0069), "The ITS register map",
// "ITS commands", "LPI Configuration tables", "LPI Pending tables", "GICR_PROPBASER", "GICR_PENDBASER".
#pragma once
#include <cstdint>

#include "base/addr.hpp"
#include "base/bits.hpp"

namespace tiffin::armv8 {

/// An acknowledged INTID from here on is an LPI: it has no active state.
inline constexpr std::uint32_t first_lpi = 8192;

/// Memory that GIC and cores share: write-back, inner shareable. In each register that names a table the two fields have places of their own.
template <unsigned Cacheability>
inline constexpr std::uint64_t shared_table = 7ull << Cacheability | 1ull << 10;
inline constexpr std::uint64_t shareability = 3ull << 10;

namespace gits {
inline constexpr std::uint32_t ctlr = 0x0000, typer = 0x0008, cbaser = 0x0080, cwriter = 0x0088, creadr = 0x0090, baser = 0x0100;
inline constexpr std::uint32_t basers = 8;
inline constexpr std::uint64_t control_bytes = 0x1'0000;  // then the frame with GITS_TRANSLATER
inline constexpr std::uint32_t translater = 0x40;         // as MSI_SETSPI_NS of a GICv2m frame
struct Ctlr {
    static constexpr std::uint32_t enabled = 1, quiescent = 1u << 31;
};
struct Typer {
    using Physical = Bit<0>;
    using IttEntrySize = Field<7, 4, unsigned>;  // bytes, minus one; as the bits below
    using IdBits = Field<12, 8, unsigned>;
    using Devbits = Field<17, 13, unsigned>;
    using Pta = Bit<19>;  // a target is a redistributor's address, and not its number
};
inline constexpr std::uint64_t cbaser_attributes = bit(63) | shared_table<59>;
struct Baser {
    using PageSize = Field<9, 8, unsigned>;     // 0: 4 KiB
    using EntrySize = Field<52, 48, unsigned>;  // bytes, minus one
    using Type = Field<58, 56, unsigned>;
    static constexpr unsigned devices = 1, collections = 4;
    static constexpr std::uint64_t make(Pa at, unsigned pages) { return bit(63) | shared_table<59> | at.raw() | (pages - 1); }
};

struct Command {
    std::uint64_t words[4]{};

    /// `target` as GITS_TYPER.PTA has it, in bits 50:16.
    static constexpr Command mapc(std::uint32_t collection, std::uint64_t target) {
        return {{0x09, 0, bit(63) | target | collection, 0}};
    }
    static constexpr Command mapd(std::uint32_t device, Pa table, unsigned event_bits) {
        return {{0x08 | std::uint64_t{device} << 32, event_bits - 1, bit(63) | table.raw(), 0}};
    }
    static constexpr Command mapti(std::uint32_t device, std::uint32_t event, std::uint32_t lpi, std::uint32_t collection) {
        return {{0x0a | std::uint64_t{device} << 32, event | std::uint64_t{lpi} << 32, collection, 0}};
    }
    /// The event's interrupt is pending no more.
    static constexpr Command clear(std::uint32_t device, std::uint32_t event) {
        return {{0x04 | std::uint64_t{device} << 32, event, 0, 0}};
    }
    /// The redistributor looks again at what the configuration table says of the collection's LPIs.
    static constexpr Command invall(std::uint32_t collection) { return {{0x0d, 0, collection, 0}}; }
    static constexpr Command sync(std::uint64_t target) { return {{0x05, 0, target, 0}}; }
};
static_assert(sizeof(Command) == 32);
static_assert(Command::mapti(8, 80, 8192, 1).words[0] == 0x8'0000'000a &&
              Command::mapti(8, 80, 8192, 1).words[1] == 0x2000'0000'0050);
}  // namespace gits

/// LPIs 8192..16383, the fewest that a GIC with LPIs can be told of.
namespace lpi {
inline constexpr unsigned id_bits = 14;
inline constexpr std::uint64_t configuration_bytes = (1u << id_bits) - first_lpi, pending_bytes = (1u << id_bits) / 8;
inline constexpr std::uint64_t pending_alignment = 0x1'0000;
inline constexpr std::uint8_t enabled = 0xa1, disabled = 0xa0;      // with the priority that EL2 gives every interrupt
inline constexpr std::uint32_t propbaser = 0x70, pendbaser = 0x78;  // of GICR
inline constexpr std::uint32_t enable_lpis = 1;                     // GICR_CTLR

constexpr std::uint64_t propbaser_of(Pa table) { return table.raw() | shared_table<7> | (id_bits - 1); }
constexpr std::uint64_t pendbaser_of(Pa table) { return table.raw() | shared_table<7> | bit(62); }  // PTZ: it is all zeros
}  // namespace lpi

}  // namespace tiffin::armv8
