#include "core/irq/physical.hpp"

#include "armv8/gic.hpp"
#include "armv8/its.hpp"
#include "core/arch.hpp"
#include "core/cpu.hpp"
#include "core/notice/notice.hpp"
#include "core/pci/messages.hpp"
#include "core/vm/vm.hpp"

namespace tiffin::irq {
namespace {

void end(std::uint32_t intid) {
    arch::drop_priority(intid);
    arch::deactivate(intid);
}

/// Is it too early for the interrupt? Then a timer delivers it.
bool hold_back(RateLimit& limit) {
    auto const now = arch::now();
    if (now >= limit.next) {
        limit.next = now + limit.interval;
        return false;
    }
    Cpu& cpu = *limit.owner->cpu;
    cpu.timers.arm(limit, limit.next);
    sched::program_timer(cpu);
    return true;
}

/// An SPI: its VM's, ours, or nobody's (which nothing enabled).
void on_spi(std::uint32_t intid) {
    auto const owners = machine.irq_owners;
    IrqOwner const owner = intid - 32 < owners.size() ? owners[intid - 32] : IrqOwner{};
    if (owner.vm == nullptr) {
        end(intid);
        if (owner.hypervisor) machine.on_own_interrupt(intid);
        return;
    }
    arch::drop_priority(intid);  // stays active until the guest ends it
    if (owner.limit != nullptr && hold_back(*owner.limit)) return;
    vgic::raise(*owner.vm->vcpus[0], owner.virtual_id);
}

void tell_if_broken(Vcpu const& of) {
    if (machine.messages->broke()) [[unlikely]]
        post({.vm = of.vm, .change = "the board's ITS is broken: ", .why = "messages of PCI functions may be lost"});
}

/// A message of a PCI function (docs/decisions/0017). It has no active state that would keep the next away until the guest has dealt with
/// this one: while its VM is not on the core, each comes once, and then waits for it.
[[gnu::noinline]] bool on_message(std::uint32_t lpi) {
    arch::drop_priority(lpi);
    constexpr auto each = abi::guest_map::msi_count;
    auto const place = (lpi - armv8::first_lpi) / each, which = (lpi - armv8::first_lpi) % each;
    if (place >= machine.plan->pci().size()) return true;
    Vcpu& first = *machine.vms[machine.plan->pci()[place].vm]->vcpus[0];
    vgic::raise(first, machine.plan->header().pci_host.msi_first + which);
    if (first.cpu->loaded == &first) return true;
    machine.messages->hold(place, which);
    first.holds_messages = true;
    // The interrupt may be another vCPU's, and the next message would wait until this one has something to do.
    sched::wake(first);
    tell_if_broken(first);
    return true;
}

/// For each function of the VM.
void end_hold(Vcpu& v, void (pci::Messages::*end)(std::uint32_t)) {
    if (!v.holds_messages) return;
    v.holds_messages = false;
    for (std::uint32_t place = 0; auto const& function : machine.plan->pci()) {
        if (function.vm == v.vm->id) (machine.messages->*end)(place);
        ++place;
    }
    tell_if_broken(v);
}

/// The hypervisor's own; its timer's first, which most of them are.
void handle_own(Cpu& cpu, std::uint32_t intid) {
    auto const& board = machine.plan->board();
    if (intid == board.hyp_timer_intid) return sched::on_timer(cpu);
    if (intid == board.maintenance_intid && cpu.loaded != nullptr) return vgic::on_maintenance(*cpu.loaded);
    switch (intid) {
        case mail::sgi: return mail::drain(cpu);
        case mail::halt_sgi: arch::halt();
        case mail::bell_sgi: return machine.on_own_interrupt(intid);
        default: return;
    }
}

[[gnu::noinline]] bool handle_other(Cpu& cpu, std::uint32_t acknowledged) {
    if (acknowledged >= armv8::first_lpi) [[unlikely]]
        return on_message(acknowledged);
    std::uint32_t const intid = acknowledged & 0x3ff;  // GICv2: the sender of an SGI stands above
    if (intid >= armv8::first_special_intid) return false;
    if (intid >= 32) {
        on_spi(acknowledged);
        return true;
    }
    // What an SGI brings may send it anew, and what the UART's brings may leave its line high: QEMU 7.2's GICv2 tells the core of an
    // interrupt that became pending before its end only when something else happens (docs/porting.md).
    bool const sgi = intid < armv8::first_private_intid;
    if (sgi) end(acknowledged);
    handle_own(cpu, intid);
    if (!sgi) end(acknowledged);
    return true;
}

}  // namespace

void on_delayed(RateLimit& limit) {
    limit.next = arch::now() + limit.interval;
    vgic::raise(*limit.owner, limit.virtual_id);
}

void drop_delayed(IrqOwner const& owner, std::uint32_t intid) {
    if (owner.limit == nullptr || !owner.limit->armed()) return;
    owner.limit->owner->cpu->timers.cancel(*owner.limit);
    arch::deactivate(intid);
}

void release_messages(Vcpu& v) { end_hold(v, &pci::Messages::release); }
void forget_messages(Vcpu& v) { end_hold(v, &pci::Messages::forget); }

bool handle_one(Cpu& cpu) {
    std::uint32_t const acknowledged = arch::acknowledge();
    if (acknowledged == machine.virtual_timer_intid) [[likely]] {
        arch::drop_priority(acknowledged);  // stays active until the guest ends it
        if (cpu.loaded != nullptr) {
            vgic::raise_private(*cpu.loaded, abi::guest_map::virtual_timer_intid);
        } else {
            arch::deactivate(acknowledged);  // nobody's any more: its vCPU has just been stopped
        }
        return true;
    }
    return handle_other(cpu, acknowledged);
}

}  // namespace tiffin::irq
