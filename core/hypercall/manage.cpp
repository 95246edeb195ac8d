#include "core/hypercall/manage.hpp"

#include "core/cpu.hpp"
#include "core/lifecycle/lifecycle.hpp"

namespace tiffin::hypercall {

Vm* managed(Vm const& manager, std::uint64_t index) {
    auto const all = machine.plan->managed_by(*manager.record);
    return index < all.size() ? machine.vms[all[index].vm] : nullptr;
}

abi::Error manage(Vm const& manager, std::uint64_t index, std::uint64_t action) {
    Vm* const vm = managed(manager, index);
    if (vm == nullptr) return abi::Error::NotPermitted;
    if (action >= abi::manage::actions) return abi::Error::InvalidParameter;
    return lifecycle::manage(*vm, static_cast<abi::manage::Action>(action)) ? abi::Error::Success : abi::Error::Busy;
}

std::uint64_t run_ticks(Vm const& vm) {
    std::uint64_t sum = 0;
    for (Vcpu const* v : vm.vcpus) sum += v->stats.run_ticks;
    return sum;
}

}  // namespace tiffin::hypercall
