#include <bit>

#include "armv8/gic.hpp"
#include "core/cpu.hpp"
#include "vdev/gic/gic.hpp"

namespace tiffin::vdev {
namespace {

namespace gicd = armv8::gicd;

constexpr std::uint32_t intids = abi::guest_map::intid_count;

/// The bits whose state changed may now be deliverable, or must no longer be delivered.
void changed(Vcpu& v, std::uint32_t first) {
    if (first < 32) return vgic::refresh(v);
    vgic::refresh_all(*v.vm);
}

/// What is pending or active in list registers, for reads: 32 interrupts from `first`.
/// List registers of another core cannot be read; its next answer will be a better one.
std::uint32_t listed_state(Vcpu& v, std::uint32_t first, bool active) {
    std::uint32_t bits = 0;
    for (Vcpu* each : v.vm->vcpus) {
        if (first < 32 && each != &v) continue;
        bits |= vgic::listed_bits(*each, first, active);
        if (each->cpu != v.cpu && each->vgic.used != 0) vgic::refresh(*each);
    }
    return bits;
}

void set_enabled(Vcpu& v, std::uint32_t first, std::uint32_t bits) {
    IrqBank& b = vgic::bank(v, first);
    auto const fresh = bits & ~b.enabled;
    b.enabled |= bits;
    if ((b.deliverable() & fresh) != 0) changed(v, first);
}

void clear_enabled(Vcpu& v, std::uint32_t first, std::uint32_t bits) {
    IrqBank& b = vgic::bank(v, first);
    b.enabled &= ~bits;
    if ((b.listed & bits) != 0) changed(v, first);
}

/// `act(vCPU)` for each that an interrupt from `first` on may concern.
template <class Act>
void for_concerned(Vcpu& v, std::uint32_t first, Act act) {
    if (first < 32) return act(v);
    for (Vcpu* each : v.vm->vcpus) act(*each);
}

/// Registers with a bit for each interrupt, from 0x080 to 0x3ff.
std::uint32_t read_bits(Vcpu& v, std::uint32_t kind, std::uint32_t first) {
    IrqBank const& b = vgic::bank(v, first);
    switch (kind) {
        case gicd::igroupr: return b.group1;
        case gicd::isenabler:
        case gicd::icenabler: return b.enabled;
        case gicd::ispendr:
        case gicd::icpendr: return b.raised() | listed_state(v, first, false);
        default: return b.active | listed_state(v, first, true);
    }
}

/// On GICv2 an SGI has a pending state for each sender, which GICD_SPENDSGIR and GICD_CPENDSGIR write; here it is read-only (IHI 0048,
/// "GICD_ISPENDRn", "GICD_ICPENDRn").
std::uint32_t may_pend(std::uint32_t first) { return first == 0 && !machine.gicv3() ? ~0xffffu : ~0u; }

void set_pending(Vcpu& v, std::uint32_t first, std::uint32_t bits) { vgic::raise_all(v, first, bits & may_pend(first)); }

void clear_pending(Vcpu& v, std::uint32_t first, std::uint32_t bits) {
    for_concerned(v, first, [&](Vcpu& each) { vgic::clear_pending(each, first, bits & may_pend(first)); });
}

void write_bits(Vcpu& v, std::uint32_t kind, std::uint32_t first, std::uint32_t bits) {
    switch (kind) {
        case gicd::igroupr: vgic::bank(v, first).group1 = bits; return changed(v, first);
        case gicd::isenabler: return set_enabled(v, first, bits);
        case gicd::icenabler: return clear_enabled(v, first, bits);
        case gicd::ispendr: return set_pending(v, first, bits);
        case gicd::icpendr: return clear_pending(v, first, bits);
        case gicd::isactiver: return for_concerned(v, first, [&](Vcpu& each) { vgic::set_active(each, first, bits, true); });
        case gicd::icactiver: return for_concerned(v, first, [&](Vcpu& each) { vgic::set_active(each, first, bits, false); });
        default: return;
    }
}

std::uint64_t read_priorities(Vcpu& v, std::uint32_t first, unsigned count) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < count; ++i) value |= std::uint64_t{vgic::bank(v, first).priority(first + i)} << (8 * i);
    return value;
}

void write_priorities(Vcpu& v, std::uint32_t first, unsigned count, std::uint32_t value) {
    IrqBank& b = vgic::bank(v, first);
    for (unsigned i = 0; i < count; ++i) b.set_priority(first + i, value >> (8 * i) & 0xff);
    if (b.listed != 0 || b.raised() != 0) changed(v, first);
}

/// Two bits an interrupt, of which the upper says edge. SGIs are always edge; private peripherals are wired as level.
std::uint32_t read_config(Vcpu& v, std::uint32_t first) {
    auto const edge = vgic::bank(v, first).edge >> (first % 32) & 0xffff;
    std::uint32_t value = 0;
    for (unsigned i = 0; i < 16; ++i) value |= (edge >> i & 1) << (2 * i + 1);
    return value;
}

void write_config(Vcpu& v, std::uint32_t first, std::uint32_t value) {
    if (first < 32) return;
    IrqBank& b = vgic::bank(v, first);
    std::uint32_t edge = 0;
    for (unsigned i = 0; i < 16; ++i) edge |= (value >> (2 * i + 1) & 1) << i;
    auto const shift = first % 32;
    b.edge = (b.edge & ~(0xffffu << shift)) | edge << shift;
}

}  // namespace

bool GicBanks::read(Vcpu& v, MmioOp op, std::uint64_t& value) {
    auto const at = op.offset;
    value = 0;
    if (at < gicd::igroupr) return false;
    if (at < gicd::ipriorityr) {
        std::uint32_t const first = at % 0x80 * 8;
        if (op.size == 4 && first < intids) value = read_bits(v, at & ~0x7fu, first);
        return true;
    }
    if (at < gicd::itargetsr) {
        if (op.size <= 4 && at - gicd::ipriorityr < intids) value = read_priorities(v, at - gicd::ipriorityr, op.size);
        return true;
    }
    if (at < gicd::icfgr || at >= gicd::igrpmodr) return false;
    if (op.size == 4 && (at - gicd::icfgr) * 4 < intids) value = read_config(v, (at - gicd::icfgr) * 4);
    return true;
}

bool GicBanks::write(Vcpu& v, MmioOp op, std::uint32_t value) {
    auto const at = op.offset;
    if (at < gicd::igroupr) return false;
    if (at < gicd::ipriorityr) {
        std::uint32_t const first = at % 0x80 * 8;
        if (op.size == 4 && first < intids) write_bits(v, at & ~0x7fu, first, value);
        return true;
    }
    if (at < gicd::itargetsr) {
        if (op.size <= 4 && at - gicd::ipriorityr < intids) write_priorities(v, at - gicd::ipriorityr, op.size, value);
        return true;
    }
    if (at < gicd::icfgr || at >= gicd::igrpmodr) return false;
    if (op.size == 4 && (at - gicd::icfgr) * 4 < intids) write_config(v, (at - gicd::icfgr) * 4, value);
    return true;
}

}  // namespace tiffin::vdev
