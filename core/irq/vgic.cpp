#include "core/irq/vgic.hpp"

#include <bit>

#include "armv8/gic.hpp"
#include "core/arch.hpp"
#include "core/cpu.hpp"
#include "core/sched/scheduler.hpp"
#include "core/vm/vm.hpp"

namespace tiffin::vgic {
namespace {

using armv8::Lr;

constinit std::uint32_t list_registers = 4;

bool is_sgi(std::uint32_t intid) { return intid < 16; }

/// The bank of `intid`, for a change after which one of the bank's interrupts may be pending or active.
IrqBank& bank_in_use(Vcpu& v, std::uint32_t intid) {
    if (intid >= 32) v.vm->vgic.banks_in_use |= 1u << (intid / 32 - 1);
    return bank(v, intid);
}

/// Does a pending state survive without its line? Level inputs are resampled instead.
bool latches(IrqBank const& b, std::uint32_t m) { return ((b.edge | b.hardware) & m) != 0; }

std::uint32_t enabled_groups(Vcpu const& v, IrqBank const& b) {
    auto const ctlr = v.vm->vgic.ctlr;
    return ((ctlr & 1) != 0 ? ~b.group1 : 0) | ((ctlr & 2) != 0 ? b.group1 : 0);
}

/// Which interrupts of SPI bank `n` go to `v`.
std::uint32_t targeted(Vcpu const& v, std::uint32_t n) {
    if (v.vm->vcpus.size() == 1) return ~0u;
    std::uint32_t mine = 0;
    for (unsigned i = 0; i < 32; ++i)
        if (v.vm->vgic.target[n * 32 + i] == v.index) mine |= 1u << i;
    return mine;
}

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

/// Takes one sender off a pending SGI (GICv2); what goes into the list register's CPUID field.
std::uint32_t take_source(Vcpu& v, IrqBank& b, std::uint32_t intid) {
    auto& sources = v.vgic.sgi_sources[intid];
    if (sources == 0) return 0;
    auto const source = static_cast<std::uint32_t>(std::countr_zero(sources));
    sources = static_cast<std::uint8_t>(sources & (sources - 1));
    if (sources != 0) b.pending |= mask(intid);
    v.vgic.sgi_active_source[intid] = static_cast<std::uint8_t>(source);
    return source;
}

/// The list register of `intid`, and the bookkeeping that goes with listing it.
std::uint64_t make_lr(Vcpu& v, IrqBank& b, std::uint32_t intid, Lr::State state) {
    auto const m = mask(intid);
    b.listed |= m;
    std::uint64_t lr = Lr::VIntid::make(intid) | Lr::Priority::make(b.priority[intid % 32]) | Lr::Group1::make((b.group1 & m) != 0) |
                       Lr::LrState::make(state);
    if ((b.hardware & m) != 0) {
        b.pending &= ~m;
        return lr | Lr::Hw::make(true) | Lr::PIntid::make(v.vm->physical_of(intid));
    }
    if ((b.edge & m) == 0) return lr | Lr::Eoi::make(true);  // level: ask again at its end
    if (Lr::is_pending(lr)) b.pending &= ~m;
    if (is_sgi(intid) && !machine.gicv3()) lr |= Lr::PIntid::make(Lr::is_active(lr) ? v.vgic.sgi_active_source[intid] : take_source(v, b, intid));
    return (b.pending & m) != 0 ? lr | Lr::Eoi::make(true) : lr;  // one more waits behind it: its end brings us back
}

/// Which list register holds `intid`; max_list_registers if none.
std::uint32_t find_listed(Vcpu const& v, std::uint32_t intid) {
    for (std::uint32_t used = v.vgic.used; used != 0; used &= used - 1) {
        auto const i = static_cast<std::uint32_t>(std::countr_zero(used));
        if (Lr::VIntid::get(v.vgic.lr[i]) == intid) return i;
    }
    return max_list_registers;
}

bool is_loaded(Vcpu const& v) { return v.cpu->loaded == &v; }

std::uint64_t current_lr(Vcpu const& v, std::uint32_t i) { return is_loaded(v) ? arch::read_list_register(i) : v.vgic.lr[i]; }

void store_lr(Vcpu& v, std::uint32_t i, std::uint64_t lr) {
    v.vgic.lr[i] = lr;
    v.vgic.used |= 1u << i;
    if (is_loaded(v)) arch::write_list_register(i, lr);
}

/// The interrupt that list register `i` held is over.
void release(Vcpu& v, std::uint32_t i) {
    auto const intid = Lr::VIntid::get(v.vgic.lr[i]);
    IrqBank& b = bank(v, intid);
    b.listed &= ~mask(intid);
    if (!latches(b, mask(intid))) b.pending &= ~mask(intid);
    v.vgic.used &= ~(1u << i);
}

/// The loaded vCPU's list registers that hold nothing, or something that is over.
std::uint32_t free_list_registers() { return arch::empty_list_registers() & ((1u << list_registers) - 1); }

/// Forgets what list registers held whose interrupt is over; afterwards the `listed` bits tell the truth.
void harvest(Vcpu& v, std::uint32_t empty) {
    for (auto over = v.vgic.used & empty; over != 0; over &= over - 1) release(v, static_cast<std::uint32_t>(std::countr_zero(over)));
}

/// GICv2: the sender of the listed SGI has sent it once more, and that is one. True if others have sent it too.
bool take_same_sender(Vcpu& v, std::uint32_t intid, std::uint64_t lr) {
    if (!is_sgi(intid) || machine.gicv3()) return false;
    auto& sources = v.vgic.sgi_sources[intid];
    sources = static_cast<std::uint8_t>(sources & ~(1u << (Lr::PIntid::get(lr) & 7)));
    return sources != 0;
}

/// A listed interrupt is raised again: merges with what is pending, follows what is being handled, or finds that it was over.
[[gnu::cold, gnu::noinline]] void settle(Vcpu& v, IrqBank& b, std::uint32_t intid) {
    auto const i = find_listed(v, intid);
    if (i == max_list_registers) return;
    auto const lr = current_lr(v, i);
    if (Lr::LrState::get(lr) == Lr::State::Invalid) {
        release(v, i);
        if (is_loaded(v)) arch::write_list_register(i, 0);  // or it would ask for maintenance for ever
        return;
    }
    auto const m = mask(intid);
    if ((b.edge & m) == 0 || (b.hardware & m) != 0) return;
    auto merged = lr;
    if (Lr::is_pending(lr) || (b.enabled & enabled_groups(v, b) & m) != 0) {
        merged = Lr::LrState::set(lr, Lr::is_active(lr) ? Lr::State::PendingActive : Lr::State::Pending);
        if (!take_same_sender(v, intid, lr)) b.pending &= ~m;
    }
    if ((b.pending & m) != 0) merged |= Lr::Eoi::make(true);  // listed when this one is over
    if (merged != lr) store_lr(v, i, merged);
}

bool is_deliverable(Vcpu const& v, IrqBank const& b, std::uint32_t m) { return (b.deliverable() & enabled_groups(v, b) & m) != 0; }

void deliver_saved(Vcpu& v, IrqBank& b, std::uint32_t intid) {
    if ((b.listed & mask(intid)) != 0) settle(v, b, intid);
    if (!is_deliverable(v, b, mask(intid))) return;
    v.vgic.stale = true;
    sched::wake(v);
}

/// The commonest case of all, a tick or an SGI: the list register that held it last is free again, and its word is still right, since
/// whatever changes enable, priority or group of a listed interrupt goes through `refresh`.
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
    if ((b.listed & m) != 0) settle(v, b, intid);
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

/// The best few interrupts, by priority, then by number (GICv3 IHI 0069, "Interrupt prioritization").
struct Best {
    std::uint16_t intid[max_list_registers];
    std::uint8_t priority[max_list_registers];
    std::uint32_t count{0};
    bool more{false};

    void offer(std::uint32_t id, std::uint8_t prio) {
        if (count == list_registers) {
            more = true;
            if (priority[count - 1] <= prio) return;
            --count;
        }
        std::uint32_t at = count++;
        for (; at > 0 && priority[at - 1] > prio; --at) {
            intid[at] = intid[at - 1];
            priority[at] = priority[at - 1];
        }
        intid[at] = static_cast<std::uint16_t>(id);
        priority[at] = prio;
    }
    void offer_all(IrqBank const& b, std::uint32_t first, std::uint32_t bits) {
        for (; bits != 0; bits &= bits - 1) {
            auto const i = static_cast<std::uint32_t>(std::countr_zero(bits));
            offer(first + i, b.priority[i]);
        }
    }
};

bool anything_deliverable(Vcpu& v) {
    bool any = false;
    for_each_bank(v, [&](IrqBank& b, std::uint32_t, std::uint32_t mine) { any |= (b.deliverable() & enabled_groups(v, b) & mine) != 0; });
    return any;
}

/// Which of the 32 interrupts from `first` on concern `v`.
std::uint32_t concerning(Vcpu const& v, std::uint32_t first) { return first < 32 ? ~0u : targeted(v, first / 32 - 1); }

/// Changes the state while no list register holds any of it.
template <class Change>
void with_all_at_home(Vcpu& v, Change change) {
    if (!is_loaded(v)) {
        fold(v);
        change();
        return refresh(v);
    }
    pull(v);
    auto const leftover = v.vgic.used;
    fold(v);
    change();
    flush(v);
    push(v, leftover);
}

/// Physical interrupts behind `bits` whose end the guest will not write any more may fire again. A private one is active only while its vCPU
/// is loaded (see switch_out): in between it may be another's.
void give_back(Vcpu const& v, std::uint32_t first, std::uint32_t bits) {
    if (first < 32 && !is_loaded(v)) return;
    for (; bits != 0; bits &= bits - 1) arch::deactivate(v.vm->physical_of(first + static_cast<std::uint32_t>(std::countr_zero(bits))));
}

/// An active interrupt that no list register had room for has ended: by priority it is the most urgent of those.
[[gnu::cold]] void end_unlisted(Vcpu& v) {
    Best active;
    for_each_bank(v, [&](IrqBank& b, std::uint32_t first, std::uint32_t mine) { active.offer_all(b, first, b.active & ~b.listed & mine); });
    if (active.count == 0) return;
    IrqBank& b = bank(v, active.intid[0]);
    b.active &= ~mask(active.intid[0]);
    if ((b.hardware & mask(active.intid[0])) != 0) arch::deactivate(v.vm->physical_of(active.intid[0]));
}

}  // namespace

void set_list_register_count(std::uint32_t count) { list_registers = count < max_list_registers ? count : max_list_registers; }

IrqBank& bank(Vcpu& v, std::uint32_t intid) { return intid < 32 ? v.vgic.own : v.vm->vgic.spi[intid / 32 - 1]; }

Vcpu& target_of(Vcpu& v, std::uint32_t intid) {
    if (intid < 32) return v;
    auto const index = v.vm->vgic.target[intid - 32];
    return *v.vm->vcpus[index < v.vm->vcpus.size() ? index : 0];
}

void raise_private(Vcpu& v, std::uint32_t intid) {
    v.vgic.own.pending |= mask(intid);
    deliver(v, v.vgic.own, intid);
}

void raise(Vcpu& v, std::uint32_t intid) {
    if (intid < 32) return raise_private(v, intid);
    Vcpu& target = target_of(v, intid);
    IrqBank& b = bank_in_use(target, intid);
    b.pending |= mask(intid);
    deliver(target, b, intid);
}

[[gnu::cold]] void raise_all(Vcpu& v, std::uint32_t first, std::uint32_t bits) {
    if ((bits & (bits - 1)) == 0) {
        if (bits != 0) raise(v, first + static_cast<std::uint32_t>(std::countr_zero(bits)));
        return;
    }
    // Those that stand in list registers must hear of it by themselves; the rest is one word.
    for (Vcpu* each : v.vm->vcpus)
        if (first >= 32 || each == &v) recall(*each);
    bank_in_use(v, first).pending |= bits;
    if (first < 32) return refresh(v);
    refresh_all(*v.vm);
}

void set_line(Vcpu& v, std::uint32_t intid, bool high) {
    Vcpu& target = target_of(v, intid);
    IrqBank& b = bank_in_use(target, intid);
    auto const m = mask(intid);
    bool const was = (b.line & m) != 0;
    if (was == high) return;
    if (!high) {
        b.line &= ~m;
        if ((b.listed & ~b.edge & m) == 0) return;
        auto const i = find_listed(target, intid);
        if (i != max_list_registers && Lr::is_pending(current_lr(target, i))) refresh(target);  // retracted before it was taken
        return;
    }
    b.line |= m;
    if ((b.edge & m) != 0) b.pending |= m;
    deliver(target, b, intid);
}

void send_sgi(Vcpu& from, Vcpu& to, std::uint32_t intid) {
    to.vgic.sgi_sources[intid] = static_cast<std::uint8_t>(to.vgic.sgi_sources[intid] | 1u << from.index);
    raise_private(to, intid);
    if (&from != &to) sched::hand_over(from, to);
}

void fold(Vcpu& v) {
    for (std::uint32_t used = v.vgic.used; used != 0; used &= used - 1) {
        auto const lr = v.vgic.lr[std::countr_zero(used)];
        auto const intid = Lr::VIntid::get(lr);
        IrqBank& b = bank(v, intid);
        auto const m = mask(intid);
        b.listed &= ~m;
        if (Lr::is_active(lr)) b.active |= m;
        if (Lr::is_pending(lr) && latches(b, m)) {
            b.pending |= m;
            if (is_sgi(intid)) v.vgic.sgi_sources[intid] = static_cast<std::uint8_t>(v.vgic.sgi_sources[intid] | 1u << (Lr::PIntid::get(lr) & 7));
        } else if (!latches(b, m) && !Lr::is_pending(lr)) {
            b.pending &= ~m;  // a level interrupt that software had set pending has been taken
        }
    }
    v.vgic.used = 0;
}

void flush(Vcpu& v) {
    Best active, pending;
    for_each_bank(v, [&](IrqBank& b, std::uint32_t first, std::uint32_t mine) {
        active.offer_all(b, first, b.active & ~b.listed & mine);
        pending.offer_all(b, first, b.deliverable() & enabled_groups(v, b) & mine);
    });
    // One register is kept for what is pending: it may be more urgent than everything that is being handled.
    std::uint32_t const room = pending.count != 0 ? list_registers - 1 : list_registers;
    std::uint32_t const actives = active.count < room ? active.count : room;
    std::uint32_t i = 0;
    for (; i < actives; ++i) {
        IrqBank& b = bank(v, active.intid[i]);
        v.vgic.lr[i] = make_lr(v, b, active.intid[i], Lr::State::Active);
        b.active &= ~mask(active.intid[i]);
    }
    std::uint32_t taken = 0;
    for (; taken < pending.count && i < list_registers; ++taken, ++i)
        v.vgic.lr[i] = make_lr(v, bank(v, pending.intid[taken]), pending.intid[taken], Lr::State::Pending);
    v.vgic.used = (1u << i) - 1;
    v.vgic.crowded = pending.more || taken < pending.count;
    v.vgic.stale = false;
    v.vgic.hcr = armv8::IchHcr::en | (v.vgic.crowded ? armv8::IchHcr::npie : 0) |
                 (active.more || actives < active.count ? armv8::IchHcr::lrenpie : 0);
}

void refresh(Vcpu& v) {
    if (!is_loaded(v)) {
        v.vgic.stale = true;
        if (v.state == VcpuState::Blocked && anything_deliverable(v)) sched::wake(v);
        return;
    }
    pull(v);
    auto const leftover = v.vgic.used;
    fold(v);
    flush(v);
    push(v, leftover);
    if (v.vgic.used != 0) sched::wake(v);
}

[[gnu::cold]] void refresh_all(Vm& vm) {
    for (Vcpu* v : vm.vcpus) refresh(*v);
}

[[gnu::cold]] void recall(Vcpu& v) {
    if (!is_loaded(v)) {
        fold(v);
        v.vgic.stale = true;
        return;
    }
    pull(v);
    auto const leftover = v.vgic.used;
    fold(v);
    push(v, leftover);
}

[[gnu::cold]] void clear_pending(Vcpu& v, std::uint32_t first, std::uint32_t bits) {
    auto const mine = bits & concerning(v, first);
    if (mine == 0) return;
    with_all_at_home(v, [&] {
        IrqBank& b = bank(v, first);
        auto const gone = b.pending & ~b.active & b.hardware & mine;
        b.pending &= ~mine;
        give_back(v, first, gone);
    });
}

[[gnu::cold]] void set_active(Vcpu& v, std::uint32_t first, std::uint32_t bits, bool active) {
    auto const mine = bits & concerning(v, first);
    if (mine == 0) return;
    with_all_at_home(v, [&] {
        IrqBank& b = bank_in_use(v, first);
        auto const ended = active ? 0 : b.active & b.hardware & mine;
        b.active = active ? b.active | mine : b.active & ~mine;
        give_back(v, first, ended);
    });
}

[[gnu::cold]] void on_maintenance(Vcpu& v) {
    for (std::uint32_t ended = arch::take_eoi_count(); ended != 0; --ended) end_unlisted(v);
    refresh(v);
}

bool has_pending(Vcpu& v) {
    if (v.vgic.stale || v.vgic.crowded) refresh(v);
    for (std::uint32_t used = v.vgic.used; used != 0; used &= used - 1)
        if (Lr::is_pending(current_lr(v, static_cast<std::uint32_t>(std::countr_zero(used))))) return true;
    return false;
}

void pull(Vcpu& v) {
    for (std::uint32_t used = v.vgic.used; used != 0; used &= used - 1) {
        auto const i = static_cast<std::uint32_t>(std::countr_zero(used));
        auto const lr = arch::read_list_register(i);
        if (Lr::LrState::get(lr) == Lr::State::Invalid) {
            release(v, i);
            arch::write_list_register(i, 0);
        } else {
            v.vgic.lr[i] = lr;
        }
    }
}

void push(Vcpu& v, std::uint32_t leftover) {
    if (v.vgic.stale) {
        fold(v);
        flush(v);
    }
    for (std::uint32_t set = v.vgic.used | leftover; set != 0; set &= set - 1) {
        auto const i = static_cast<std::uint32_t>(std::countr_zero(set));
        arch::write_list_register(i, (v.vgic.used & 1u << i) != 0 ? v.vgic.lr[i] : 0);
    }
    arch::set_ich_hcr(v.vgic.hcr);
}

std::uint32_t outstanding_private(Vcpu const& v) {
    IrqBank const& b = v.vgic.own;
    return (b.pending | b.active | b.listed) & b.hardware;
}

[[gnu::cold]] void reset(Vcpu& v) {
    auto const hardware = v.vgic.own.hardware;
    v.vgic = {};
    v.vgic.own.hardware = hardware;
    v.vgic.own.edge = 0xffff;  // SGIs
}

[[gnu::cold]] void reset(Vm& vm) {
    for (IrqBank& b : vm.vgic.spi) {
        auto const hardware = b.hardware;
        auto const line = b.line;
        b = {};
        b.hardware = hardware;
        b.line = line;
    }
    for (auto& target : vm.vgic.target) target = 0;
    vm.vgic.ctlr = 0;
    vm.vgic.banks_in_use = 0;
    for (std::uint32_t n = 0; n < spi_banks; ++n) vm.vgic.banks_in_use |= vm.vgic.spi[n].line != 0 ? 1u << n : 0;
    for (Vcpu* v : vm.vcpus) reset(*v);
}

}  // namespace tiffin::vgic
