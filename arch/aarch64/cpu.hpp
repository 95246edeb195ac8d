// What the composition root asks of this architecture at boot, beyond core/arch.hpp.
#pragma once
#include <cstdint>

#include "base/addr.hpp"
#include "plan/view.hpp"

namespace tiffin {
struct Cpu;
}

namespace tiffin::arch {

/// The exception level we run at: 1, 2 or 3.
unsigned current_level();
/// Has the processor GIC system registers (ID_AA64PFR0_EL1.GIC)?
bool has_gic_registers();
/// ID_AA64MMFR0_EL1.PARange, and whether 16-bit VMIDs exist.
unsigned physical_range();
bool has_vmid16();
/// Affinity fields of this core's MPIDR_EL1.
std::uint64_t affinity();
/// Has the processor the RAS extension (ID_AA64PFR0_EL1.RAS)?
bool has_ras();
/// Priority bits of the virtual CPU interface (ICH_VTR_EL2.PREbits + 1).
unsigned virtual_preemption_bits();
/// A number from the processor's generator (RNDR), if it has one that answers; else 0.
std::uint64_t hardware_random();

/// Turns on EL2's stage 1 with `root`, and drops what caches know of [from, to), written while the MMU was off.
void enable_translation(Pa root, Pa from, Pa to);
/// Sets every EL2 control register to what guests are run under.
void configure_el2();

/// What this_cpu() answers on this core until its first guest is entered.
void set_this_cpu(Cpu& cpu);
/// This core's CPU interface and its virtual half. `redistributor` is its RD_base frame (GICv3).
void init_gic_interface(PlanView const& plan, Cpu& cpu, std::uint64_t redistributor);
std::uint32_t list_register_count();

/// Tells whoever watches `word` to come to our secondary entry, and to wait there (Linux, "Documentation/arm64/booting.rst":
/// spin-table). Only while the MMU is off: the word is mapped nowhere, and is written to memory itself, where a core without caches
/// sees it.
void release_core(Pa word);
/// The core of this affinity, and no other, may pass our secondary entry from now on, and is `cpu`.
void expect_core(std::uint64_t affinity, Cpu& cpu);
/// Asks the firmware (PSCI CPU_ON) to start the core of this affinity with our secondary entry. 0, or PSCI's error.
std::int64_t turn_on_core(std::uint64_t affinity);

/// The chain of return addresses from frame pointer `frame`; ends at 0 or outside EL2's stacks.
struct FrameRecord {
    FrameRecord const* next;
    std::uint64_t return_address;
};

}  // namespace tiffin::arch
