// Source: Arm ARM, "The VMSAv8-64 address translation system": TCR_EL1, "Translation table descriptor formats". 48-bit addresses.
#include "core/debug/walk.hpp"

#include "core/mem/guest_memory.hpp"
#include "core/vm/vm.hpp"

namespace tiffin::debug {
namespace {

/// One half of the guest's address space.
struct Space {
    std::uint64_t table;
    unsigned bits;     // of virtual addresses
    unsigned granule;  // log2: 12, 14, 16; 0: a reserved encoding
};

Space space_of(El1Regs const& r, Gva at) {
    constexpr unsigned lower[] = {12, 16, 14, 0}, upper[] = {0, 14, 12, 16};  // TCR_EL1.TG0, TG1
    bool const high = (at.raw() >> 55 & 1) != 0;
    auto const size = (high ? r.tcr >> 16 : r.tcr) & 0x3f;
    return {.table = (high ? r.ttbr1 : r.ttbr0) & 0xffff'ffff'fffe,
            .bits = size < 16 ? 0 : static_cast<unsigned>(64 - size),
            .granule = high ? upper[r.tcr >> 30 & 3] : lower[r.tcr >> 14 & 3]};
}

/// Bits [to, from) of `value`, in place.
constexpr std::uint64_t part(std::uint64_t value, unsigned from, unsigned to) { return value & ((1ull << to) - (1ull << from)); }

}  // namespace

std::optional<Ipa> walk(Vcpu& v, Gva at) {
    if ((v.el1.sctlr & 1) == 0) return Ipa{at.raw()};
    auto const space = space_of(v.el1, at);
    if (space.granule == 0 || space.bits <= space.granule) return std::nullopt;
    auto const beyond = part(at.raw(), space.bits, 56);  // a tag may be above
    if (beyond != 0 && beyond != part(~0ull, space.bits, 56)) return std::nullopt;
    auto const stride = space.granule - 3;
    auto table = space.table;
    auto top = space.bits;
    for (auto levels = (space.bits - space.granule + stride - 1) / stride; levels != 0; --levels) {
        auto const shift = space.granule + stride * (levels - 1);
        std::uint64_t entry = 0;
        if (!read_once(*v.vm, Ipa{table + (part(at.raw(), shift, top) >> shift) * 8}, &entry, sizeof entry)) return std::nullopt;
        bool const table_or_page = (entry & 3) == 3;
        if ((entry & 1) == 0 || (levels == 1 && !table_or_page)) return std::nullopt;
        if (levels == 1 || !table_or_page) return Ipa{part(entry, shift, 48) | part(at.raw(), 0, shift)};
        table = part(entry, space.granule, 48);
        top = shift;
    }
    return std::nullopt;
}

}  // namespace tiffin::debug
