// Where a guest's exceptions go. The vectors call the three entries; everything else is found from here.
#pragma once
#include <cstdint>

#include "armv8/esr.hpp"
#include "core/trap/misdeed.hpp"
#include "core/vm/vm.hpp"

namespace tiffin::trap {

/// HVC: only the registers that C++ may clobber are saved. True: leave through sched::switch_vcpu.
bool on_hypercall(Vcpu& v);
/// Every other synchronous exception; the whole frame is saved.
bool on_synchronous(Vcpu& v, armv8::Syndrome const& s);
/// A physical interrupt while a guest ran.
bool on_interrupt(Vcpu& v);
/// A physical SError while a guest ran: it is that guest's.
bool on_serror(Vcpu& v);

/// System register access (EC 0x18). False: the guest gets an undefined instruction.
bool on_system_register(Vcpu& v, std::uint64_t iss);

/// Abort on a guest's data or instruction access. Either carries the access out, or gives the guest an abort and says so.
void on_data_abort(Vcpu& v, armv8::Syndrome const& s);
void on_instruction_abort(Vcpu& v, armv8::Syndrome const& s);

/// Says once what a guest did wrong, where, and what lies nearest; limited to a burst and then one line a second for each VM.
void report(Vcpu& v, Misdeed const& misdeed);

}  // namespace tiffin::trap
