// What a guest's writes to its distributor and redistributors change, beyond enabling and raising single interrupts.
#include "core/irq/vgic_state.hpp"

namespace tiffin::vgic {
namespace {

/// For a private interrupt of a vCPU on another core, whose business it is.
void ask(Vcpu& v, std::atomic<std::uint32_t>& word, std::uint32_t bits) {
    word.fetch_or(bits, std::memory_order_relaxed);
    mail::post_change(v, Mail::banks);
}

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

/// Physical interrupts behind `bits` whose end the guest will not write any more may fire again. A private one is active only
/// while its vCPU is loaded (see switch_out): in between it may be another's.
void give_back(Vcpu const& v, std::uint32_t first, std::uint32_t bits) {
    if (first < 32 && !is_loaded(v)) return;
    for (; bits != 0; bits &= bits - 1)
        arch::deactivate(v.vm->physical_of(first + static_cast<std::uint32_t>(std::countr_zero(bits))));
}

}  // namespace

void raise_all(Vcpu& v, std::uint32_t first, std::uint32_t bits) {
    VmGuard const guard{*v.vm};
    if (first < 32 && !is_here(v)) {
        v.mail->raised.fetch_or(bits, std::memory_order_relaxed);
        return mail::post(v, Mail::raise);
    }
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

void clear_pending(Vcpu& v, std::uint32_t first, std::uint32_t bits) {
    auto const mine = bits & concerning(v, first);
    if (mine == 0) return;
    VmGuard const guard{*v.vm};
    if (!is_here(v)) {
        if (first < 32) return ask(v, v.mail->not_pending, bits);
        IrqBank& b = bank(v, first);
        v.vm->cross->taken_back[0][first / 32 - 1] |= b.listed & mine;
        auto const gone = b.pending & ~(b.active | b.listed) & b.hardware & mine;
        b.pending &= ~mine;
        give_back(v, first, gone);
        return refresh(v);
    }
    with_all_at_home(v, [&] {
        IrqBank& b = bank(v, first);
        auto const gone = b.pending & ~b.active & b.hardware & mine;
        b.pending &= ~mine;
        give_back(v, first, gone);
    });
}

void set_active(Vcpu& v, std::uint32_t first, std::uint32_t bits, bool active) {
    auto const mine = bits & concerning(v, first);
    if (mine == 0) return;
    VmGuard const guard{*v.vm};
    if (!is_here(v)) {
        if (first < 32) return ask(v, active ? v.mail->active : v.mail->not_active, bits);
        IrqBank& b = bank_in_use(v, first);
        if (!active) v.vm->cross->taken_back[1][first / 32 - 1] |= b.listed & mine;
        auto const ended = active ? 0 : b.active & ~b.listed & b.hardware & mine;
        b.active = active ? b.active | mine : b.active & ~mine;
        give_back(v, first, ended);
        return refresh(v);
    }
    with_all_at_home(v, [&] {
        IrqBank& b = bank_in_use(v, first);
        auto const ended = active ? 0 : b.active & b.hardware & mine;
        b.active = active ? b.active | mine : b.active & ~mine;
        give_back(v, first, ended);
    });
}

void reset(Vcpu& v) {
    mail::forget_interrupts(v);
    auto const hardware = v.vgic.own.hardware;
    v.vgic = {};
    v.vgic.own.hardware = hardware;
    v.vgic.own.edge = 0xffff;  // SGIs
    v.vgic.careful = v.vm->vcpus.size() > 1;
}

void reset(Vm& vm) {
    VmGuard const guard{vm};
    for (IrqBank& b : vm.vgic.spi) {
        auto const hardware = b.hardware;
        auto const line = b.line;
        b = {};
        b.hardware = hardware;
        b.line = line;
    }
    for (auto& targets : vm.vgic.targets) targets = {};
    if (vm.cross != nullptr) {
        for (auto& states : vm.cross->taken_back)
            for (auto& bits : states) bits = 0;
    }
    vm.vgic.moved = 0;
    vm.vgic.ctlr = 0;
    vm.vgic.banks_in_use = 0;
    for (std::uint32_t n = 0; n < spi_banks; ++n) vm.vgic.banks_in_use |= vm.vgic.spi[n].line != 0 ? 1u << n : 0;
    for (Vcpu* v : vm.vcpus) reset(*v);
}

}  // namespace tiffin::vgic
