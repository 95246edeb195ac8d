// What the vectors call: the first C++ of every trap. See docs/trap-path.md.
#include "core/cpu.hpp"
#include "core/trap/trap.hpp"

extern "C" {

bool tiffin_on_hypercall(tiffin::Vcpu& v) { return tiffin::trap::on_hypercall(v); }

bool tiffin_on_synchronous(tiffin::Vcpu& v, std::uint64_t esr, std::uint64_t far, std::uint64_t hpfar) {
    return tiffin::trap::on_synchronous(v, {.esr = esr, .far = far, .hpfar = hpfar});
}

bool tiffin_on_interrupt(tiffin::Vcpu& v) { return tiffin::trap::on_interrupt(v); }

bool tiffin_on_serror(tiffin::Vcpu& v) { return tiffin::trap::on_serror(v); }

tiffin::Vcpu* tiffin_switch(tiffin::Vcpu& from) { return tiffin::sched::switch_vcpu(*from.cpu); }

}  // extern "C"
