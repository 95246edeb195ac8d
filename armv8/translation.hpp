// Translation tables of VMSAv8-64, 4 KiB granule: geometry and descriptors, for EL2's stage 1 and the guests' stage 2.
// Source: Arm ARM, "The AArch64 Virtual Memory System Architecture": "Translation table descriptor formats", "Stage 2 attribute
// fields", "VTCR_EL2", "TCR_EL2", "MAIR_EL2".
//
//   input address   38        30 29        21 20        12 11         0
//                   +-----------+------------+------------+------------+
//                   | level 1   | level 2    | level 3    | offset     |
//                   +-----------+------------+------------+------------+
//                     1 GiB       2 MiB        4 KiB
#pragma once
#include <cstdint>

#include "base/addr.hpp"
#include "base/bits.hpp"

namespace tiffin::armv8 {

namespace geometry {
inline constexpr unsigned input_bits = 39;  // level 1 is the root: one table, no concatenation
inline constexpr unsigned first_level = 1, last_level = 3;
inline constexpr unsigned entries = 512;
constexpr unsigned shift(unsigned level) { return 12 + (last_level - level) * 9; }
constexpr std::uint64_t span(unsigned level) { return 1ull << shift(level); }
constexpr unsigned index(std::uint64_t input, unsigned level) {
    return static_cast<unsigned>(input >> shift(level)) & (entries - 1);
}

static_assert(span(1) == 1ull << 30 && span(2) == 1ull << 21 && span(3) == 1ull << 12);
static_assert(index((1ull << input_bits) - 1, 1) == 511 && index(0x4020'1000, 2) == 1 && index(0x4020'1000, 3) == 1);
}  // namespace geometry

/// A descriptor: the part that both stages share.
struct Descriptor {
    static constexpr std::uint64_t valid = 1, table_or_page = 2;
    static constexpr std::uint64_t access_flag = 1ull << 10;
    static constexpr std::uint64_t address_mask = 0x0000'ffff'ffff'f000;

    static constexpr std::uint64_t table(Pa next) { return next.raw() | table_or_page | valid; }
    static constexpr std::uint64_t leaf(Pa out, unsigned level, std::uint64_t attributes) {
        return out.raw() | attributes | access_flag | (level == geometry::last_level ? table_or_page : 0) | valid;
    }
    static constexpr bool is_valid(std::uint64_t d) { return (d & valid) != 0; }
    static constexpr bool is_table(std::uint64_t d, unsigned level) { return level != geometry::last_level && (d & 3) == 3; }
    static constexpr Pa address(std::uint64_t d) { return Pa{d & address_mask}; }
};

/// Stage-2 leaf attributes.
struct Stage2 {
    using MemAttr = Field<5, 2, unsigned>;
    using S2AP = Field<7, 6, unsigned>;
    using SH = Field<9, 8, unsigned>;
    using XN = Field<54, 53, unsigned>;
    static_assert(disjoint<MemAttr, S2AP, SH, XN>());

    static constexpr unsigned normal_write_back = 0b1111, device_ngnre = 0b0001;
    static constexpr unsigned read_only = 0b01, read_write = 0b11;
    static constexpr unsigned inner_shareable = 0b11;
    static constexpr unsigned never_execute = 0b10;

    static constexpr std::uint64_t ram = MemAttr::make(normal_write_back) | S2AP::make(read_write) | SH::make(inner_shareable);
    static constexpr std::uint64_t image = MemAttr::make(normal_write_back) | S2AP::make(read_only) | SH::make(inner_shareable);
    /// A channel's memory: what one VM writes, another never executes.
    static constexpr std::uint64_t shared = ram | XN::make(never_execute), shared_read_only = image | XN::make(never_execute);
    static constexpr std::uint64_t device = MemAttr::make(device_ngnre) | S2AP::make(read_write) | XN::make(never_execute);

    static constexpr bool writable(std::uint64_t d) { return (S2AP::get(d) & 0b10) != 0; }
};
static_assert(Stage2::ram == 0x3fc && Stage2::image == 0x37c && Stage2::device == ((1ull << 54) | 0xc4));
static_assert(Descriptor::leaf(Pa{0x4020'0000}, 2, Stage2::ram) == 0x4020'07fd);
static_assert(Descriptor::leaf(Pa{0x4020'0000}, 3, Stage2::ram) == 0x4020'07ff);

/// VTCR_EL2 for a VM whose guest-physical space has `bits` bits (31..39): start at level 1, 4 KiB granule.
struct Vtcr {
    using T0SZ = Field<5, 0, unsigned>;
    using SL0 = Field<7, 6, unsigned>;
    using IRGN0 = Field<9, 8, unsigned>;
    using ORGN0 = Field<11, 10, unsigned>;
    using SH0 = Field<13, 12, unsigned>;
    using PS = Field<18, 16, unsigned>;
    using VS = Bit<19>;
    using RES1 = Bit<31>;
    static constexpr std::uint64_t make(unsigned bits, unsigned physical_range, bool vmid16) {
        return T0SZ::make(64 - bits) | SL0::make(1) | IRGN0::make(1) | ORGN0::make(1) | SH0::make(3) | PS::make(physical_range) |
               VS::make(vmid16) | RES1::make(true);
    }
};
static_assert(Vtcr::make(39, 2, false) == 0x8002'3559);

/// EL2 stage 1 (non-VHE): MAIR index 0 is Normal write-back, index 1 is Device-nGnRnE.
struct Stage1El2 {
    using AttrIndx = Field<4, 2, unsigned>;
    using AP2 = Bit<7>;  // read-only
    using SH = Field<9, 8, unsigned>;
    using XN = Bit<54>;
    static constexpr std::uint64_t mair = 0x00ff;
    static constexpr std::uint64_t ap1_res1 = 1ull << 6;

    static constexpr std::uint64_t normal = AttrIndx::make(0) | SH::make(3) | ap1_res1;
    static constexpr std::uint64_t text = normal | AP2::make(true);
    static constexpr std::uint64_t rodata = normal | AP2::make(true) | XN::make(true);
    static constexpr std::uint64_t data = normal | XN::make(true);
    static constexpr std::uint64_t device = AttrIndx::make(1) | ap1_res1 | XN::make(true);

    /// TCR_EL2: T0SZ 25, write-back inner-shareable walks, 4 KiB; RES1 bits 31 and 23.
    static constexpr std::uint64_t tcr(unsigned physical_range) {
        return (1ull << 31) | (1ull << 23) | static_cast<std::uint64_t>(physical_range) << 16 | 3ull << 12 | 1ull << 10 |
               1ull << 8 | (64 - geometry::input_bits);
    }
    /// SCTLR_EL2: M, C, SA, I, WXN and the RES1 bits (Arm ARM, SCTLR_EL2 when E2H is 0). A (alignment check) stays off.
    static constexpr std::uint64_t sctlr = 0x30c5'0830 | bit(0) | bit(2) | bit(3) | bit(12) | bit(19);
};

/// Physical address bits by ID_AA64MMFR0_EL1.PARange, and the PS/IPS field that says the same; at most 48 here.
constexpr unsigned physical_bits(unsigned pa_range) {
    constexpr unsigned bits[] = {32, 36, 40, 42, 44, 48};
    return bits[pa_range < 6 ? pa_range : 5];
}

}  // namespace tiffin::armv8
