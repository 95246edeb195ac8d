#include <algorithm>

#include "armv8/gic.hpp"
#include "core/cpu.hpp"
#include "vdev/gic/gic.hpp"

namespace tiffin::vdev {
namespace {

namespace gicd = armv8::gicd;
using armv8::SgirV2;

constexpr std::uint32_t enable_bits = gicd::Ctlr::enable_group0 | gicd::Ctlr::enable_group1;
constexpr std::uint32_t iidr = 0x0000'043b;  // implementer Arm, product 0: a model of its architecture, not of one of its parts

/// Software-generated interrupt of GICv2.
void send_sgi(Vcpu& v, std::uint32_t value) {
    auto const intid = SgirV2::Intid::get(value);
    for (Vcpu* to : v.vm->vcpus) {
        bool const self = to == &v;
        bool wanted = false;
        switch (SgirV2::Filter::get(value)) {
            case 0: wanted = (SgirV2::TargetList::get(value) >> to->index & 1) != 0; break;
            case 1: wanted = !self; break;
            case 2: wanted = self; break;
            default: break;
        }
        if (wanted) vgic::send_sgi(v, *to, intid);
    }
}

/// GICD_CPENDSGIR and GICD_SPENDSGIR: a byte an SGI, a bit a sender.
void write_sgi_pending(Vcpu& v, std::uint32_t first, unsigned count, std::uint32_t value, bool set) {
    for (unsigned i = 0; i < count && first + i < 16; ++i) {
        auto const senders = static_cast<std::uint8_t>(value >> (8 * i));
        auto& kept = v.vgic.sgi_sources[first + i];
        if (senders == 0) continue;
        kept = static_cast<std::uint8_t>(set ? kept | senders : kept & ~senders);
        if (set) {
            vgic::raise(v, first + i);
        } else if (kept == 0) {
            vgic::clear_pending(v, 0, 1u << (first + i));
        }
    }
}

std::uint32_t read_sgi_pending(Vcpu const& v, std::uint32_t first, unsigned count) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < count && first + i < 16; ++i)
        value |= static_cast<std::uint32_t>(v.vgic.sgi_sources[first + i]) << (8 * i);
    return value;
}

/// GICD_ITARGETSR: private interrupts answer with the reader's own bit. Several targets: the first that exists.
std::uint32_t read_targets(Vcpu const& v, std::uint32_t first, unsigned count) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < count; ++i) {
        auto const intid = first + i;
        auto const index = intid < 32 ? v.index : v.vm->vgic.routed(intid);
        value |= 1u << index << (8 * i);
    }
    return value;
}

void set_target(Vcpu& v, std::uint32_t intid, std::uint32_t index) {
    if (intid < 32 || index >= v.vm->vcpus.size()) return;
    vgic::set_target(*v.vm, intid, index);
}

void write_targets(Vcpu& v, std::uint32_t first, unsigned count, std::uint32_t value) {
    for (unsigned i = 0; i < count; ++i) {
        auto const mask = value >> (8 * i) & 0xff;
        if (mask != 0) set_target(v, first + i, static_cast<std::uint32_t>(__builtin_ctz(mask)));
    }
}

std::uint32_t typer(Vcpu const& v) {
    auto const cpus = static_cast<std::uint32_t>(v.vm->vcpus.size() - 1);
    std::uint32_t const lines = abi::guest_map::intid_count / 32 - 1;
    return lines | cpus << 5 | (machine.gicv3() ? 9u << 19 | 1u << 24 : 0);  // IDbits 10, A3V (affinity 3 valid)
}

/// RWP: a vCPU on another core has not taken what was written.
std::uint32_t read_ctlr(Vm const& vm) {
    if (!machine.gicv3()) return vm.vgic.ctlr;
    bool const pending = vm.shared && std::ranges::any_of(vm.vcpus, [](Vcpu const* v) { return vgic::is_behind(*v); });
    return vm.vgic.ctlr | gicd::Ctlr::are | gicd::Ctlr::ds | (pending ? gicd::Ctlr::rwp : 0);
}

void write_ctlr(Vcpu& v, std::uint32_t value) {
    auto const before = v.vm->vgic.ctlr;
    v.vm->vgic.ctlr = value & enable_bits;
    if (before != v.vm->vgic.ctlr) vgic::refresh_all(*v.vm);
}

std::uint64_t read_router(Vcpu const& v, MmioOp op) {
    auto const intid = (op.offset - gicd::irouter) / 8;
    if (!machine.gicv3() || intid < 32 || intid >= abi::guest_map::intid_count || op.offset % 8 != 0)
        return 0;  // the high word (Aff3) is zero
    return v.vm->vgic.routed(intid);
}

void write_router(Vcpu& v, MmioOp op, std::uint64_t value) {
    auto const intid = (op.offset - gicd::irouter) / 8;
    if (!machine.gicv3() || intid >= abi::guest_map::intid_count || op.offset % 8 != 0 || op.size < 4) return;
    bool const any = (value >> 31 & 1) != 0;  // Interrupt_Routing_Mode: any core; ours is vCPU 0
    set_target(v, intid, any ? 0 : static_cast<std::uint32_t>(value & 0xff'ffff));
}

std::uint64_t read_v2(Vcpu const& v, MmioOp op) {
    if (op.offset == gicd::pidr2_v2) return 0x2b;
    if (op.offset - gicd::itargetsr < abi::guest_map::intid_count) return read_targets(v, op.offset - gicd::itargetsr, op.size);
    if (op.offset - gicd::cpendsgir < 0x20) return read_sgi_pending(v, op.offset % 0x10, op.size);
    return 0;
}

void write_v2(Vcpu& v, MmioOp op, std::uint32_t value) {
    if (op.offset == gicd::sgir && op.size == 4) return send_sgi(v, value);
    if (op.offset - gicd::itargetsr < abi::guest_map::intid_count)
        return write_targets(v, op.offset - gicd::itargetsr, op.size, value);
    if (op.offset - gicd::cpendsgir < 0x10) return write_sgi_pending(v, op.offset % 0x10, op.size, value, false);
    if (op.offset - gicd::spendsgir < 0x10) return write_sgi_pending(v, op.offset % 0x10, op.size, value, true);
}

/// With affinity routing, the state of INTIDs 0..31 is the redistributors' alone (IHI 0069, "GICD_ISENABLER<n>").
bool is_redistributors(MmioOp op) {
    return machine.gicv3() && op.offset >= gicd::igroupr && op.offset < gicd::ipriorityr && op.offset % 0x80 < 4;
}

[[gnu::noinline]] std::uint64_t read_other(Vcpu& v, MmioOp op) {
    bool const v3 = machine.gicv3();
    if (op.offset == gicd::pidr2_v3) return v3 ? 0x3b : 0;
    if (op.offset >= gicd::irouter) return read_router(v, op);
    std::uint64_t value = 0;
    if (is_redistributors(op) || op.size > 4 || GicBanks::read(v, op, value)) return value;
    return v3 ? 0 : read_v2(v, op);
}

}  // namespace

std::uint64_t Distributor::read(Vcpu& v, MmioOp op) {
    switch (op.offset) {
        case gicd::ctlr: return read_ctlr(*v.vm);
        case gicd::typer: return typer(v);
        case gicd::iidr: return iidr;
        default: return read_other(v, op);
    }
}

void Distributor::write(Vcpu& v, MmioOp op, std::uint64_t value) {
    if (op.offset >= gicd::irouter || op.size > 4) return write_router(v, op, value);
    auto const word = static_cast<std::uint32_t>(value);
    if (op.offset == gicd::ctlr) return write_ctlr(v, word);
    if (is_redistributors(op) || GicBanks::write(v, op, word) || machine.gicv3()) return;
    write_v2(v, op, word);
}

std::uint64_t Redistributors::read(Vcpu& by, MmioOp op) {
    namespace gicr = armv8::gicr;
    auto const index = op.offset / gicr::stride;
    Vcpu& v = *by.vm->vcpus[index];
    op.offset %= gicr::stride;
    if (op.offset >= gicr::sgi_frame) {
        std::uint64_t value = 0;
        op.offset -= gicr::sgi_frame;
        if (is_private(op)) (void)GicBanks::read(v, op, value);
        return value;
    }
    switch (op.offset) {
        case gicr::ctlr: return vgic::is_behind(v) ? gicr_ctlr_rwp : 0;
        case gicr::iidr: return iidr;
        case gicr::typer: {
            std::uint64_t const low =
                gicr::Typer::ProcessorNumber::make(index) | (index + 1 == by.vm->vcpus.size() ? gicr::Typer::last : 0);
            return op.size == 8 ? low | gicr::Typer::Affinity::make(index) : low;
        }
        case gicr::typer + 4: return index;
        case gicr::waker: return (asleep_ >> index & 1) != 0 ? gicr::Waker::processor_sleep | gicr::Waker::children_asleep : 0;
        case gicr::pidr2: return 0x3b;
        default: return 0;
    }
}

void Redistributors::write(Vcpu& by, MmioOp op, std::uint64_t value) {
    namespace gicr = armv8::gicr;
    auto const index = op.offset / gicr::stride;
    Vcpu& v = *by.vm->vcpus[index];
    op.offset %= gicr::stride;
    if (op.offset >= gicr::sgi_frame) {
        op.offset -= gicr::sgi_frame;
        if (is_private(op)) (void)GicBanks::write(v, op, static_cast<std::uint32_t>(value));
        return;
    }
    if (op.offset != gicr::waker) return;
    bool const sleep = (value & gicr::Waker::processor_sleep) != 0;
    asleep_ = static_cast<std::uint8_t>(sleep ? asleep_ | 1u << index : asleep_ & ~(1u << index));
}

/// In an SGI frame each bank of registers covers INTIDs 0..31 alone.
bool Redistributors::is_private(MmioOp op) {
    if (op.size > 4) return false;
    if (op.offset < gicd::ipriorityr) return op.offset % 0x80 == 0;
    if (op.offset < gicd::itargetsr) return op.offset - gicd::ipriorityr < 32;
    return op.offset == gicd::icfgr || op.offset == gicd::icfgr + 4;
}

void Redistributors::reset() { asleep_ = 0xff; }

}  // namespace tiffin::vdev
