// What stands in a vCPU's list registers: brought home (`fold`), chosen anew (`flush`), moved to and from the hardware.
#include "core/channel/channel.hpp"
#include "core/irq/vgic_state.hpp"

namespace tiffin::vgic {

constinit std::uint32_t list_registers = 4, list_register_mask = 0xf;

namespace {

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

/// Interrupts to choose from, the most urgent first: by priority, then by number (GICv3 IHI 0069, "Interrupt prioritization").
class Candidates {
public:
    void add(IrqBank const& b, std::uint32_t first, std::uint32_t bits) {
        if (bits == 0) return;
        banks_[count_] = {.bank = &b, .first = first, .bits = bits, .urgency = 0};
        rate(banks_[count_++]);
    }
    [[nodiscard]] bool empty() const { return count_ == 0; }
    [[gnu::noinline]] std::uint32_t take() {
        std::uint32_t best = 0;
        for (std::uint32_t i = 1; i < count_; ++i)
            if (banks_[i].urgency < banks_[best].urgency) best = i;
        Some& from = banks_[best];
        auto const intid = from.urgency & 0xffff;
        from.bits &= ~mask(intid);
        if (from.bits != 0) {
            rate(from);
        } else {
            from = banks_[--count_];
        }
        return intid;
    }

private:
    /// Those of one bank.
    struct Some {
        IrqBank const* bank;
        std::uint32_t first, bits;
        std::uint32_t urgency;  // of the most urgent of `bits`: [20:16] priority, [15:0] INTID
    };
    static void rate(Some& s) {
        auto const least = s.bank->level.least(s.bits);
        s.urgency = least.value << 16 | (s.first + static_cast<std::uint32_t>(std::countr_zero(least.which)));
    }

    Some banks_[1 + spi_banks];
    std::uint32_t count_{0};
};

[[gnu::cold, gnu::noinline]] bool anything_deliverable(Vcpu& v) {
    bool any = false;
    for_each_bank(
        v, [&](IrqBank& b, std::uint32_t, std::uint32_t mine) { any |= (b.deliverable() & enabled_groups(v, b) & mine) != 0; });
    return any;
}

/// An active interrupt that no list register had room for has ended: by priority it is the most urgent of those.
[[gnu::cold, gnu::noinline]] void end_unlisted(Vcpu& v) {
    Candidates active;
    for_each_bank(
        v, [&](IrqBank& b, std::uint32_t first, std::uint32_t mine) { active.add(b, first, b.active & ~b.listed & mine); });
    if (active.empty()) return;
    auto const intid = active.take();
    IrqBank& b = bank(v, intid);
    b.active &= ~mask(intid);
    if ((b.hardware & mask(intid)) != 0) arch::deactivate(v.vm->physical_of(intid));
    if (intid >= 32) let_go(*v.vm, b, intid);
}

/// What is left of a list register after vCPUs of other cores took back its pending or active state.
[[gnu::noinline]] std::uint64_t take_back(Vcpu& v, std::uint32_t intid, std::uint64_t lr) {
    if (!v.vm->shared) return lr;
    auto& words = v.vm->cross->taken_back;
    auto const n = intid / 32 - 1;
    auto const m = mask(intid);
    if (((words[0][n] | words[1][n]) & m) == 0) [[likely]]
        return lr;
    auto state = static_cast<unsigned>(Lr::LrState::get(lr));
    bool const was_any = state != 0;
    if ((words[0][n] & m) != 0) state &= ~1u;
    if ((words[1][n] & m) != 0) state &= ~2u;
    words[0][n] &= ~m;
    words[1][n] &= ~m;
    if (was_any && state == 0 && Lr::Hw::get(lr)) arch::deactivate(Lr::PIntid::get(lr));
    return Lr::LrState::set(lr, static_cast<Lr::State>(state));
}

}  // namespace

void set_list_register_count(std::uint32_t count) {
    list_registers = count < max_list_registers ? count : max_list_registers;
    list_register_mask = (1u << list_registers) - 1;
}

[[gnu::noinline]] std::uint64_t make_lr(Vcpu& v, IrqBank& b, std::uint32_t intid, Lr::State state) {
    auto const m = mask(intid);
    b.listed |= m;
    std::uint64_t lr = Lr::VIntid::make(intid) | Lr::Priority::make(b.priority(intid)) | Lr::Group1::make((b.group1 & m) != 0) |
                       Lr::LrState::make(state);
    if ((b.hardware & m) != 0) {
        b.pending &= ~m;
        return lr | Lr::Hw::make(true) | Lr::PIntid::make(v.vm->physical_of(intid));
    }
    if ((b.edge & m) == 0) return lr | Lr::Eoi::make(true);  // level: ask again at its end
    if (Lr::is_pending(lr)) b.pending &= ~m;
    if (is_sgi(intid) && !machine.gicv3())
        lr |= Lr::PIntid::make(Lr::is_active(lr) ? v.vgic.sgi_active_source[intid] : take_source(v, b, intid));
    return (b.pending & m) != 0 ? lr | Lr::Eoi::make(true) : lr;  // one more waits behind it: its end brings us back
}

[[gnu::noinline]] void fold(Vcpu& v) {
    for (std::uint32_t used = v.vgic.used; used != 0; used &= used - 1) {
        auto lr = v.vgic.lr[std::countr_zero(used)];
        auto const intid = Lr::VIntid::get(lr);
        IrqBank& b = bank(v, intid);
        auto const m = mask(intid);
        if (intid >= 32) lr = take_back(v, intid, lr);
        b.listed &= ~m;
        if (Lr::is_active(lr)) b.active |= m;
        if (Lr::is_pending(lr) && latches(b, m)) {
            b.pending |= m;
            if (is_sgi(intid))
                v.vgic.sgi_sources[intid] =
                    static_cast<std::uint8_t>(v.vgic.sgi_sources[intid] | 1u << (Lr::PIntid::get(lr) & 7));
        } else if (!latches(b, m) && !Lr::is_pending(lr)) {
            b.pending &= ~m;  // a level interrupt that software had set pending has been taken
        }
        if (intid >= 32) let_go(*v.vm, b, intid);
    }
    v.vgic.used = 0;
}

[[gnu::noinline]] void flush(Vcpu& v) {
    Candidates active, pending;
    for_each_bank(v, [&](IrqBank& b, std::uint32_t first, std::uint32_t mine) {
        active.add(b, first, b.active & ~b.listed & mine);
        pending.add(b, first, b.deliverable() & enabled_groups(v, b) & mine);
    });
    // One register is kept for what is pending: it may be more urgent than everything that is being handled.
    std::uint32_t const room = pending.empty() ? list_registers : list_registers - 1;
    std::uint32_t i = 0;
    for (; i < room && !active.empty(); ++i) {
        auto const intid = active.take();
        IrqBank& b = bank(v, intid);
        v.vgic.lr[i] = make_lr(v, b, intid, Lr::State::Active);
        b.active &= ~mask(intid);
    }
    for (; i < list_registers && !pending.empty(); ++i) {
        auto const intid = pending.take();
        v.vgic.lr[i] = make_lr(v, bank(v, intid), intid, Lr::State::Pending);
    }
    v.vgic.used = (1u << i) - 1;
    v.vgic.crowded = !pending.empty();
    v.vgic.stale = false;
    v.vgic.hcr = armv8::IchHcr::en | (v.vgic.crowded ? armv8::IchHcr::npie : 0) | (active.empty() ? 0 : armv8::IchHcr::lrenpie);
    v.vgic.careful = v.vm->vcpus.size() > 1 || (v.vgic.hcr & armv8::IchHcr::lrenpie) != 0;
}

void refresh(Vcpu& v) {
    if (!is_here(v)) return mail::post_change(v, Mail::refresh);
    VmGuard const guard{*v.vm};
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
    if (v.vm->vgic.moved != 0) [[unlikely]]
        pass_on(*v.vm);
}

void refresh_all(Vm& vm) {
    VmGuard const guard{vm};
    for (Vcpu* v : vm.vcpus) refresh(*v);
}

bool is_behind(Vcpu const& v) { return v.mail != nullptr && v.mail->behind.load(std::memory_order_relaxed); }

[[gnu::cold]] void recall(Vcpu& v) {
    if (!is_here(v)) return;  // it hears of it when it is refreshed
    VmGuard const guard{*v.vm};
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

bool waits_for_its_turn(Vcpu& v, std::uint32_t intid) {
    Vcpu& target = target_of(v, intid);
    if (!is_here(target) || is_loaded(target)) return false;
    target.vgic.stale = target.vgic.careful = true;  // push looks
    return true;
}

void on_maintenance(Vcpu& v) { refresh(v); }

[[gnu::cold]] std::uint32_t listed_bits(Vcpu const& v, std::uint32_t first, bool active) {
    std::uint32_t bits = 0;
    bool const here = is_here(v);  // another core's are read as they were when it last wrote them
    for (std::uint32_t used = v.vgic.used; used != 0; used &= used - 1) {
        auto const i = static_cast<std::uint32_t>(std::countr_zero(used));
        auto const lr = here ? current_lr(v, i) : v.vgic.lr[i];
        auto const intid = Lr::VIntid::get(lr);
        if (intid - first < 32 && (active ? Lr::is_active(lr) : Lr::is_pending(lr))) bits |= mask(intid);
    }
    return bits;
}

namespace {

void pull_registers(Vcpu& v) {
    for (std::uint32_t used = v.vgic.used; used != 0; used &= used - 1) {
        auto const i = static_cast<std::uint32_t>(std::countr_zero(used));
        auto const lr = arch::read_list_register(i);
        if (Lr::LrState::get(lr) == Lr::State::Invalid) {
            v.vgic.stale |= Lr::Eoi::get(v.vgic.lr[i]);  // its maintenance interrupt will not come any more
            release(v, i);
            arch::write_list_register(i, 0);
        } else {
            v.vgic.lr[i] = lr;
        }
    }
}

/// SPIs that several vCPUs share, or more interrupts active than there are list registers.
[[gnu::cold, gnu::noinline]] void pull_carefully(Vcpu& v) {
    VmGuard const guard{*v.vm};
    if ((v.vgic.hcr & armv8::IchHcr::lrenpie) != 0)  // only then is anything active that no register holds
        for (std::uint32_t ended = arch::take_eoi_count(); ended != 0; --ended) end_unlisted(v);
    pull_registers(v);
    if (v.vm->vgic.moved != 0) pass_on(*v.vm);
}

[[gnu::cold, gnu::noinline]] void choose_carefully(Vcpu& v) {
    VmGuard const guard{*v.vm};
    fold(v);
    flush(v);
    if (v.vm->vgic.moved != 0) pass_on(*v.vm);
    if (v.vm->channels != nullptr) channel::open_gate(*v.vm);
}

}  // namespace

void pull(Vcpu& v) {
    if (v.vgic.careful) [[unlikely]]
        return pull_carefully(v);
    if (v.vgic.used != 0) pull_registers(v);  // asked here: most switches find none
}

void push(Vcpu& v, std::uint32_t leftover) {
    if (v.vgic.stale) {
        if (v.vgic.careful) [[unlikely]] {
            choose_carefully(v);
        } else {
            fold(v);
            flush(v);
        }
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

}  // namespace tiffin::vgic
