#include "core/irq/vgic.hpp"

#include <utility>

#include "core/irq/vgic_state.hpp"

namespace tiffin::vgic {
namespace {

/// The loaded vCPU's list registers that hold nothing, or something that is over.
std::uint32_t free_list_registers() { return arch::empty_list_registers() & list_register_mask; }

/// Forgets what list registers held whose interrupt is over; afterwards the `listed` bits tell the truth.
void harvest(Vcpu& v, std::uint32_t empty) {
    VmGuard const guard{*v.vm};
    for (auto over = v.vgic.used & empty; over != 0; over &= over - 1)
        release(v, static_cast<std::uint32_t>(std::countr_zero(over)));
}

/// GICv2: the sender of the listed SGI has sent it once more, and that is one. True if others have sent it too.
bool take_same_sender(Vcpu& v, std::uint32_t intid, std::uint64_t lr) {
    if (!is_sgi(intid) || machine.gicv3()) return false;
    auto& sources = v.vgic.sgi_sources[intid];
    sources = static_cast<std::uint8_t>(sources & ~(1u << (Lr::PIntid::get(lr) & 7)));
    return sources != 0;
}

/// GICv2: is the sender of the listed SGI among those who sent it (again)? Always so for what has no sender.
bool sent_by_listed(Vcpu const& v, std::uint32_t intid, std::uint64_t lr) {
    if (!is_sgi(intid) || machine.gicv3()) return true;
    return (v.vgic.sgi_sources[intid] >> (Lr::PIntid::get(lr) & 7) & 1) != 0;
}

/// Is it still for `v`? What has ended on it may have been routed elsewhere before.
bool holds(Vcpu const& v, std::uint32_t intid) { return intid < 32 || v.vm->vgic.holder(intid) == v.index; }

/// A listed interrupt is raised again: merges with what is pending, follows what is being handled, or finds that it was over. False:
/// it goes to another vCPU from now on.
[[gnu::cold, gnu::noinline]] bool settle(Vcpu& v, IrqBank& b, std::uint32_t intid) {
    auto const i = find_listed(v, intid);
    if (i == max_list_registers) return true;
    auto const lr = current_lr(v, i);
    if (Lr::LrState::get(lr) == Lr::State::Invalid) {
        release(v, i);
        if (is_loaded(v)) arch::write_list_register(i, 0);  // or it would ask for maintenance for ever
        return holds(v, intid);
    }
    auto const m = mask(intid);
    if ((b.edge & m) == 0 || (b.hardware & m) != 0) return true;
    auto merged = lr;
    bool const moving = intid >= 32 && v.vm->vgic.routed(intid) != v.index;  // what comes now is another's
    bool const may_merge = Lr::is_pending(lr) || (!moving && (b.enabled & enabled_groups(v, b) & m) != 0);
    if (may_merge && sent_by_listed(v, intid, lr)) {
        merged = Lr::LrState::set(lr, Lr::is_active(lr) ? Lr::State::PendingActive : Lr::State::Pending);
        if (!take_same_sender(v, intid, lr)) b.pending &= ~m;
    }
    if ((b.pending & m) != 0) merged |= Lr::Eoi::make(true);  // listed when this one is over
    if (merged != lr) store_lr(v, i, merged);
    return true;
}

bool is_deliverable(Vcpu const& v, IrqBank const& b, std::uint32_t m) {
    return (b.deliverable() & enabled_groups(v, b) & m) != 0;
}

void deliver_saved(Vcpu& v, IrqBank& b, std::uint32_t intid) {
    if ((b.listed & mask(intid)) != 0 && !settle(v, b, intid)) return;
    if (!is_deliverable(v, b, mask(intid))) return;
    v.vgic.stale = true;
    sched::wake(v);
}

/// The commonest case of all, a tick or an SGI: the list register that held it last is free again, and its word is still right,
/// since whatever changes enable, priority or group of a listed interrupt goes through `refresh`.
bool list_again(Vcpu& v, IrqBank& b, std::uint32_t intid, std::uint32_t empty) {
    auto const i = find_listed(v, intid);
    if (i == max_list_registers || (empty >> i & 1) == 0) return false;
    if (is_sgi(intid) && !machine.gicv3()) return false;  // the sender may be another
    if (latches(b, mask(intid))) b.pending &= ~mask(intid);
    v.vgic.lr[i] = Lr::LrState::set(v.vgic.lr[i], Lr::State::Pending);
    arch::write_list_register(i, v.vgic.lr[i]);
    return true;
}

[[gnu::noinline]] void deliver_anew(Vcpu& v, IrqBank& b, std::uint32_t intid, std::uint32_t empty) {
    auto const m = mask(intid);
    harvest(v, empty);
    if ((b.listed & m) != 0 && !settle(v, b, intid)) return;
    if (!is_deliverable(v, b, m)) return;
    if (empty != 0 && !v.vgic.stale && !v.vgic.crowded) {
        store_lr(v, static_cast<std::uint32_t>(std::countr_zero(empty)), make_lr(v, b, intid, Lr::State::Pending));
    } else {
        refresh(v);
    }
    if (v.state == VcpuState::Blocked) sched::wake(v);
}

/// The hot path of every interrupt: for a vCPU whose list registers are in the hardware, one more is written.
void deliver(Vcpu& v, IrqBank& b, std::uint32_t intid) {
    if (!is_loaded(v)) return deliver_saved(v, b, intid);
    auto const empty = free_list_registers();
    bool const simple = (b.listed & mask(intid)) != 0 && !v.vgic.stale && !v.vgic.crowded;
    if (!simple || !list_again(v, b, intid, empty)) return deliver_anew(v, b, intid, empty);
    if (v.state == VcpuState::Blocked) sched::wake(v);
}

/// An interrupt of which `target` may live on another core.
void deliver_wherever(Vcpu& target, IrqBank& b, std::uint32_t intid) {
    if (is_here(target)) {
        deliver(target, b, intid);
    } else {
        refresh(target);
    }
    if (target.vm->vgic.moved != 0) [[unlikely]]
        pass_on(*target.vm);
}

}  // namespace

IrqBank& bank(Vcpu& v, std::uint32_t intid) { return intid < 32 ? v.vgic.own : v.vm->vgic.spi[intid / 32 - 1]; }

Vcpu& target_of(Vcpu& v, std::uint32_t intid) {
    if (intid < 32) return v;
    if (v.vm->vcpus.size() == 1) return *v.vm->vcpus[0];
    auto const index = v.vm->vgic.holder(intid);
    return *v.vm->vcpus[index < v.vm->vcpus.size() ? index : 0];
}

void raise_private(Vcpu& v, std::uint32_t intid) {
    v.vgic.own.pending |= mask(intid);
    deliver(v, v.vgic.own, intid);
}

void raise(Vcpu& v, std::uint32_t intid) {
    if (intid < 32) {
        if (is_here(v)) return raise_private(v, intid);
        v.mail->raised.fetch_or(mask(intid), std::memory_order_relaxed);
        return mail::post(v, Mail::raise);
    }
    VmGuard const guard{*v.vm};
    Vcpu& target = target_of(v, intid);
    IrqBank& b = bank_in_use(target, intid);
    b.pending |= mask(intid);
    deliver_wherever(target, b, intid);
}

namespace {

void set_level(Vcpu& target, IrqBank& b, std::uint32_t intid, bool high) {
    auto const m = mask(intid);
    bool const was = (b.line & m) != 0;
    if (was == high) return;
    if (!high) {
        b.line &= ~m;
        if ((b.listed & ~b.edge & m) == 0) return;
        if (!is_here(target)) return refresh(target);
        auto const i = find_listed(target, intid);
        if (i != max_list_registers && Lr::is_pending(current_lr(target, i))) refresh(target);  // retracted before it was taken
        return;
    }
    b.line |= m;
    if ((b.edge & m) != 0) b.pending |= m;
    deliver_wherever(target, b, intid);
}

}  // namespace

void set_line(Vcpu& v, std::uint32_t intid, bool high) {
    if (intid < 32) return set_level(v, v.vgic.own, intid, high);
    VmGuard const guard{*v.vm};
    Vcpu& target = target_of(v, intid);
    set_level(target, bank_in_use(target, intid), intid, high);
}

void set_target(Vm& vm, std::uint32_t intid, std::uint32_t index) {
    VmGuard const guard{vm};
    if (vm.vgic.routed(intid) == index) return;
    vm.vgic.targets[intid / 32 - 1].routed.set(intid % 32, index);
    Vcpu& holder = *vm.vcpus[vm.vgic.holder(intid)];
    recall(holder);  // it may stand in its list registers
    let_go(vm, bank(holder, intid), intid);
    refresh(holder);
    pass_on(vm);
}

void send_sgi(Vcpu& from, Vcpu& to, std::uint32_t intid) {
    if (to.cpu != from.cpu) return mail::post_sgi(to, intid, from.index);
    to.vgic.sgi_sources[intid] = static_cast<std::uint8_t>(to.vgic.sgi_sources[intid] | 1u << from.index);
    raise_private(to, intid);
    if (&from != &to) sched::hand_over(from, to);
}

void move_on(Vm& vm, IrqBank const& b, std::uint32_t intid) {
    if (((b.listed | b.active) & mask(intid)) != 0) return;
    auto const routed = vm.vgic.routed(intid);
    vm.vgic.targets[intid / 32 - 1].holder.set(intid % 32, routed);
    vm.vgic.moved |= 1u << routed;
    if (!vm.shared || (b.hardware & mask(intid)) == 0) return;
    auto const physical = vm.physical_of(intid);  // a rate limit's timer stays where it is, and so does its interrupt
    if (machine.irq_owners[physical - 32].limit == nullptr) arch::route(physical, *vm.vcpus[routed]->cpu);
}

void pass_on(Vm& vm) {
    for (auto moved = std::exchange(vm.vgic.moved, 0); moved != 0; moved &= moved - 1)
        refresh(*vm.vcpus[static_cast<std::uint32_t>(std::countr_zero(moved))]);
}

bool has_pending(Vcpu& v) {
    VmGuard const guard{*v.vm};
    if (is_loaded(v)) pull(v);
    if (v.vgic.stale || v.vgic.crowded) refresh(v);
    if (v.vgic.used == 0) return false;
    auto const vmcr = is_loaded(v) ? arch::read_vmcr() : v.vgic.vmcr;
    for (std::uint32_t used = v.vgic.used; used != 0; used &= used - 1)
        if (armv8::is_signalled(current_lr(v, static_cast<std::uint32_t>(std::countr_zero(used))), vmcr)) return true;
    return false;
}

}  // namespace tiffin::vgic
