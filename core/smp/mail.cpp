#include "core/smp/mail.hpp"

#include <bit>

#include "core/arch.hpp"
#include "core/channel/channel.hpp"
#include "core/console/port.hpp"
#include "core/lifecycle/lifecycle.hpp"
#include "core/smp/guard.hpp"

namespace tiffin::mail {
namespace {

using std::memory_order_relaxed;

/// GICv2 tells a guest who sent an SGI: a bit for each sender.
void take_senders(Vcpu& v) {
    for (unsigned half = 0; half < 2; ++half) {
        auto const senders = v.mail->senders[half].exchange(0, memory_order_relaxed);
        for (unsigned i = 0; i < 8; ++i) {
            auto& known = v.vgic.sgi_sources[8 * half + i];
            known = static_cast<std::uint8_t>(known | senders >> (8 * i));
        }
    }
}

void raise_posted(Vcpu& v) {
    if (!machine.gicv3()) take_senders(v);
    for (auto bits = v.mail->raised.exchange(0, memory_order_relaxed); bits != 0; bits &= bits - 1)
        vgic::raise_private(v, static_cast<std::uint32_t>(std::countr_zero(bits)));
}

void change_banks(Vcpu& v) {
    vgic::clear_pending(v, 0, v.mail->not_pending.exchange(0, memory_order_relaxed));
    vgic::set_active(v, 0, v.mail->not_active.exchange(0, memory_order_relaxed), false);
    vgic::set_active(v, 0, v.mail->active.exchange(0, memory_order_relaxed), true);
}

void start_here(Vcpu& v) {
    if (v.power == Power::Off) return;  // its VM was stopped meanwhile
    if (v.power == Power::OnPending) lifecycle::prepare(v, v.regs.pc, v.regs.x[0]);
    v.power = Power::On;
    sched::start(v);
}

void tell_device(Vm& vm) {
    ConsoleGuard const guard;
    if (vm.cross->uart != nullptr) vm.cross->uart->console_changed();
}

void act(Vcpu& v, std::uint32_t requests) {
    if ((requests & Mail::stop) != 0) return lifecycle::leave(v);  // what came with it was for the life that ends
    VmGuard const guard{*v.vm};
    if ((requests & Mail::start) != 0) start_here(v);
    if ((requests & Mail::pause) != 0) lifecycle::follow_pause(v);
    if ((requests & Mail::wish) != 0) lifecycle::grant_wishes(*v.vm);
    if ((requests & Mail::banks) != 0) change_banks(v);
    if ((requests & Mail::raise) != 0) raise_posted(v);
    if ((requests & Mail::refresh) != 0) vgic::refresh(v);
    if ((requests & (Mail::banks | Mail::refresh)) != 0) v.mail->behind.store(false, memory_order_relaxed);
    if ((requests & Mail::ring) != 0) channel::deliver(*v.vm);
    if ((requests & Mail::console) != 0) tell_device(*v.vm);
}

}  // namespace

void post(Vcpu& to, std::uint32_t requests) {
    if (to.cpu->mailbox.post(*to.mail, requests)) arch::send_sgi(*to.cpu, sgi);
}

void post_sgi(Vcpu& to, std::uint32_t intid, std::uint32_t sender) {
    if (!machine.gicv3()) to.mail->senders[intid / 8].fetch_or(1ull << (intid % 8 * 8 + sender), memory_order_relaxed);
    to.mail->raised.fetch_or(1u << intid, memory_order_relaxed);
    post(to, Mail::raise);
}

void post_change(Vcpu& to, std::uint32_t requests) {
    to.mail->behind.store(true, memory_order_relaxed);
    post(to, requests);
}

void drain(Cpu& cpu) {
    if (cpu.mailbox.serve(most, [](Mail& letter, std::uint32_t requests) { act(*letter.owner, requests); }))
        arch::send_sgi(cpu, sgi);
}

void start(Vcpu& v) {
    if (v.cpu == &arch::this_cpu()) return sched::start(v);
    post(v, Mail::start);
}

void forget_interrupts(Vcpu& v) {
    if (v.mail == nullptr) return;
    for (auto* word : {&v.mail->raised, &v.mail->not_pending, &v.mail->active, &v.mail->not_active})
        word->store(0, memory_order_relaxed);
    for (auto& word : v.mail->senders) word.store(0, memory_order_relaxed);
    v.mail->behind.store(false, memory_order_relaxed);
}

}  // namespace tiffin::mail
