// A guest did something wrong: the facts go to the console's queue.
#include "core/arch.hpp"
#include "core/notice/notice.hpp"
#include "core/smp/guard.hpp"
#include "core/trap/trap.hpp"

namespace tiffin::trap {

void report(Vcpu& v, Misdeed const& misdeed) {
    Vm& vm = *v.vm;
    VmGuard const guard{vm};
    ++vm.faults;
    if (!vm.reports.allow(arch::now(), arch::frequency())) return;
    if (post({.vm = &vm, .misdeed = misdeed, .pc = v.regs.pc, .vcpu = v.index, .suppressed = vm.reports.suppressed}))
        vm.reports.suppressed = 0;
}

}  // namespace tiffin::trap
