// What the vectors call: the first C++ of every trap. See docs/trap-path.md.
//
// noinline: the tracing entries call the others, and what is behind those has one caller, which link-time optimisation makes one path.
#include "armv8/debug.hpp"
#include "core/arch.hpp"
#include "core/cpu.hpp"
#include "core/debug/session.hpp"
#include "core/trace/trace.hpp"
#include "core/trap/trap.hpp"

namespace {

namespace trace = tiffin::trace;
using trace::TraceKind;

/// Begins a path, lets `handle` do the work, and ends the path if it does not go on through the scheduler.
template <class Handle>
bool traced(tiffin::Vcpu& v, TraceKind kind, std::uint32_t argument, std::uint64_t entered, Handle handle) {
    tiffin::Cpu& cpu = *v.cpu;
    if (cpu.trace == nullptr) return handle();  // the vectors are for a debugger
    trace::begin(*cpu.trace, kind, trace::name_of(v), argument, entered);
    bool const leaves_through_switch = handle();
    if (!leaves_through_switch) trace::end(cpu, tiffin::abi::TraceEnd::Return);
    return leaves_through_switch;
}

}  // namespace

extern "C" {

[[gnu::noinline]] bool tiffin_on_hypercall(tiffin::Vcpu& v) { return tiffin::trap::on_hypercall(v); }

[[gnu::noinline]] bool tiffin_on_synchronous(tiffin::Vcpu& v, std::uint64_t esr, std::uint64_t far, std::uint64_t hpfar) {
    return tiffin::trap::on_synchronous(v, {.esr = esr, .far = far, .hpfar = hpfar});
}

[[gnu::noinline]] bool tiffin_on_interrupt(tiffin::Vcpu& v) { return tiffin::trap::on_interrupt(v); }

[[gnu::noinline]] bool tiffin_on_serror(tiffin::Vcpu& v) { return tiffin::trap::on_serror(v); }

tiffin::Vcpu* tiffin_switch(tiffin::Vcpu& from) { return tiffin::sched::switch_vcpu(*from.cpu); }

// The same, called by the tracing vectors. `entered` is the counter at the exception.

bool tiffin_traced_hypercall(tiffin::Vcpu& v, std::uint64_t entered) {
    auto const function = static_cast<std::uint32_t>(v.regs.x[0]);
    return traced(v, TraceKind::Hypercall, function, entered, [&] { return tiffin_on_hypercall(v); });
}

bool tiffin_traced_synchronous(tiffin::Vcpu& v, std::uint64_t esr, std::uint64_t far, std::uint64_t hpfar,
                               std::uint64_t entered) {
    auto const pc = v.regs.pc;
    bool const leaves_through_switch = traced(v, TraceKind::Trap, static_cast<std::uint32_t>(esr), entered,
                                              [&] { return tiffin_on_synchronous(v, esr, far, hpfar); });
    if (v.regs.pc != pc) v.regs.pstate &= ~tiffin::armv8::spsr_ss;  // emulated: that was the step of a debugger
    return leaves_through_switch;
}

bool tiffin_traced_interrupt(tiffin::Vcpu& v, std::uint64_t entered) {
    auto const intid = tiffin::arch::pending_interrupt();
    return traced(v, TraceKind::Interrupt, intid, entered, [&] { return tiffin_on_interrupt(v); });
}

bool tiffin_traced_serror(tiffin::Vcpu& v, std::uint64_t entered) {
    return traced(v, TraceKind::SError, 0, entered, [&] { return tiffin_on_serror(v); });
}

tiffin::Vcpu* tiffin_traced_switch(tiffin::Vcpu& from) { return tiffin::debug::switch_vcpu(*from.cpu); }

}  // extern "C"
