#include "core/cpu.hpp"
#include "core/vm/vm.hpp"

namespace tiffin {

constinit Machine machine{};

void Vm::set_line(std::uint32_t intid, bool high) { vgic::set_line(*vcpus[0], intid, high); }

std::uint32_t Vm::physical_of(std::uint32_t intid) const {
    if (intid == abi::guest_map::virtual_timer_intid) return machine.virtual_timer_intid;
    for (auto const& given : machine.plan->interrupts_of(*record))
        if (given.virtual_id == intid) return given.physical;
    return intid;
}

}  // namespace tiffin
