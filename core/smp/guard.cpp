#include "core/smp/guard.hpp"

#include "core/arch.hpp"
#include "core/trace/trace.hpp"

namespace tiffin {

void Guard::take() {
    Cpu const& cpu = arch::this_cpu();
    if (lock_->take(cpu.index) && cpu.trace != nullptr) trace::lock_taken(*cpu.trace, which_);
}

void Guard::leave() {
    Cpu const& cpu = arch::this_cpu();
    if (lock_->release() && cpu.trace != nullptr) trace::lock_left(*cpu.trace, which_);
}

}  // namespace tiffin
