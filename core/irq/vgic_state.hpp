// What the parts of the virtual interrupt controller share: vgic.cpp delivers (hot), list_registers.cpp decides what stands in
// the list registers, distributor_writes.cpp changes state on the guest's behalf. Nobody else includes this.
#pragma once
#include <bit>

#include "armv8/gic.hpp"
#include "core/arch.hpp"
#include "core/cpu.hpp"
#include "core/irq/vgic.hpp"
#include "core/sched/scheduler.hpp"
#include "core/smp/guard.hpp"

namespace tiffin::vgic {

using armv8::Lr;

/// How many the hardware has.
extern constinit std::uint32_t list_registers, list_register_mask;

inline bool is_sgi(std::uint32_t intid) { return intid < 16; }

/// Does `v` live on this core? Only then may its list registers and private interrupts be touched.
inline bool is_here(Vcpu const& v) { return !v.vm->shared || v.cpu == &arch::this_cpu(); }

/// Of a vCPU of this core.
inline bool is_loaded(Vcpu const& v) { return v.cpu->loaded == &v; }

/// The bank of `intid`, for a change after which one of the bank's interrupts may be pending or active.
inline IrqBank& bank_in_use(Vcpu& v, std::uint32_t intid) {
    if (intid >= 32) v.vm->vgic.banks_in_use |= 1u << (intid / 32 - 1);
    return bank(v, intid);
}

/// Does a pending state survive without its line? Level inputs are resampled instead.
inline bool latches(IrqBank const& b, std::uint32_t m) { return ((b.edge | b.hardware) & m) != 0; }

inline std::uint32_t enabled_groups(Vcpu const& v, IrqBank const& b) {
    auto const ctlr = v.vm->vgic.ctlr;
    return ((ctlr & 1) != 0 ? ~b.group1 : 0) | ((ctlr & 2) != 0 ? b.group1 : 0);
}

/// Which interrupts of SPI bank `n` go to `v`.
inline std::uint32_t targeted(Vcpu const& v, std::uint32_t n) {
    if (v.vm->vcpus.size() == 1) return ~0u;
    return v.vm->vgic.targets[n].holder.equal(v.index);
}

/// Which of the 32 interrupts from `first` on concern `v`.
inline std::uint32_t concerning(Vcpu const& v, std::uint32_t first) { return first < 32 ? ~0u : targeted(v, first / 32 - 1); }

/// Calls `visit(bank, first INTID, interrupts that concern v)` for the private bank and every SPI bank.
template <class Visit>
void for_each_bank(Vcpu& v, Visit visit) {
    visit(v.vgic.own, 0u, ~0u);
    for (auto banks = v.vm->vgic.banks_in_use; banks != 0; banks &= banks - 1) {
        auto const n = static_cast<std::uint32_t>(std::countr_zero(banks));
        IrqBank& b = v.vm->vgic.spi[n];
        if ((b.raised() | b.active) != 0) visit(b, 32 * (n + 1), targeted(v, n));
    }
}

/// Which list register holds `intid`; max_list_registers if none.
inline std::uint32_t find_listed(Vcpu const& v, std::uint32_t intid) {
    for (std::uint32_t used = v.vgic.used; used != 0; used &= used - 1) {
        auto const i = static_cast<std::uint32_t>(std::countr_zero(used));
        if (Lr::VIntid::get(v.vgic.lr[i]) == intid) return i;
    }
    return max_list_registers;
}

inline std::uint64_t current_lr(Vcpu const& v, std::uint32_t i) {
    return is_loaded(v) ? arch::read_list_register(i) : v.vgic.lr[i];
}

/// An SPI that a vCPU held is neither listed nor active any more, perhaps: then it goes where the guest has routed it.
void move_on(Vm& vm, IrqBank const& b, std::uint32_t intid);
inline void let_go(Vm& vm, IrqBank const& b, std::uint32_t intid) {
    if (vm.vcpus.size() > 1 && vm.vgic.holder(intid) != vm.vgic.routed(intid)) [[unlikely]]
        move_on(vm, b, intid);
}

/// Lets the vCPUs know to which SPIs have come.
void pass_on(Vm& vm);

inline void store_lr(Vcpu& v, std::uint32_t i, std::uint64_t lr) {
    v.vgic.lr[i] = lr;
    v.vgic.used |= 1u << i;
    if (is_loaded(v)) arch::write_list_register(i, lr);
}

/// What another core took back of a listed SPI is gone by itself.
inline void forget_taken_back(Vm& vm, std::uint32_t intid) {
    if (!vm.shared) return;
    for (auto& bits : vm.cross->taken_back) bits[intid / 32 - 1] &= ~mask(intid);
}

/// The interrupt that list register `i` held is over.
inline void release(Vcpu& v, std::uint32_t i) {
    auto const intid = Lr::VIntid::get(v.vgic.lr[i]);
    IrqBank& b = bank(v, intid);
    b.listed &= ~mask(intid);
    if (!latches(b, mask(intid))) b.pending &= ~mask(intid);
    v.vgic.used &= ~(1u << i);
    if (intid < 32) return;
    forget_taken_back(*v.vm, intid);
    let_go(*v.vm, b, intid);
}

/// The list register of `intid`, and the bookkeeping that goes with listing it.
std::uint64_t make_lr(Vcpu& v, IrqBank& b, std::uint32_t intid, Lr::State state);

}  // namespace tiffin::vgic
