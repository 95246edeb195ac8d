// From the plan's records to state that runs: the same at EL2 and in host tests.
#pragma once
#include "core/cpu.hpp"
#include "core/vm/vm.hpp"
#include "plan/pool.hpp"
#include "plan/view.hpp"

namespace tiffin {

/// Queues, timers and static schedule of core `index`; before its VMs are set up.
void set_up_cpu(Pool& pool, PlanView const& plan, Cpu& cpu, std::uint32_t index);
/// The static schedule of a core names VMs; after they are set up (Machine::vms).
void set_up_frame(Pool& pool, PlanView const& plan, Cpu& cpu);
/// vCPU `index` of `vm`, pinned to `cpu`.
void set_up_vcpu(Vcpu& v, Vm& vm, Cpu& cpu, std::uint32_t index, abi::VcpuRecord const& record);
/// What the VM needs besides where several cores run; after its vCPUs.
void set_up_cross_core(Pool& pool, Vm& vm, CrossCore& cross);
/// The physical interrupts that `vm` was given. What the distributor needs is the caller's work.
void set_up_interrupts(Pool& pool, PlanView const& plan, Vm& vm);

/// Makes the virtio devices between the VMs, which exist. Their clients and servers find them in Vm::virtio and Vm::serves.
void set_up_virtio(Pool& pool, PlanView const& plan);

}  // namespace tiffin
