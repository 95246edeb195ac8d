// What core/ asks of the machine: the thin layer of `msr`, `tlbi` and `eret` (arch/aarch64), or a recording fake (arch/host).
#pragma once
#include <cstdint>
#include <optional>

#include "base/addr.hpp"

namespace tiffin {
struct Cpu;
struct Vcpu;
struct Vm;
namespace debug {
struct Registers;
enum class Kind : std::uint8_t;
}  // namespace debug
}  // namespace tiffin

namespace tiffin::arch {

/// The core that asks.
Cpu& this_cpu();
/// Sends SGI `intid` to a core, which may be this one. What was written before is seen by whoever takes it.
void send_sgi(Cpu const& to, std::uint32_t intid);
/// Sends a physical SPI to a core from now on.
void route(std::uint32_t intid, Cpu const& to);
/// Between two looks at what another core will change.
void relax();

/// The system counter (CNTPCT_EL0), in ticks.
std::uint64_t now();
/// Ticks a second (CNTFRQ_EL0).
std::uint64_t frequency();
/// Programs the EL2 physical timer (CNTHP) of this core; TimerQueue::never disarms it.
void set_deadline(std::uint64_t deadline);
/// Sleeps until an interrupt is pending for this core. Interrupts stay masked.
void wait_for_interrupt();

/// Moves a vCPU's system registers, timers and list registers between hardware and memory. General registers are the vectors'
/// work.
void save(Vcpu& v);
void load(Vcpu& v);
/// Gives the FP/SIMD registers to `v`, saving those of the core's last owner.
void take_fp(Vcpu& v);
/// Puts those of `v`, which its core holds, into memory: they are nobody's then.
void put_fp(Vcpu& v);

/// Makes `v` (loaded, in its trap) take an exception to EL1: ESR_EL1, FAR_EL1 if `far` is meant, ELR_EL1, SPSR_EL1, vector.
void enter_exception(Vcpu& v, std::uint64_t esr, std::uint64_t far);
/// VBAR_EL1 of the loaded vCPU.
std::uint64_t vector_base();
/// The guest-physical address of `at` by the loaded vCPU's stage 1, as EL1 reads it; nothing if it has no translation.
std::optional<Ipa> translate(Gva at);
/// Makes the loaded vCPU take a virtual SError.
void pend_serror();
/// An identification register's hardware value, by its CRm (1..7) and op2.
std::uint64_t id_register(unsigned crm, unsigned op2);

// List registers of the loaded vCPU.
/// Bit i: list register i holds nothing, or something that is over (ELRSR).
std::uint32_t empty_list_registers();
/// `i` is below the count of list registers; values are in the form of armv8::Lr.
std::uint64_t read_list_register(std::uint32_t i);
void write_list_register(std::uint32_t i, std::uint64_t value);
/// ICH_VMCR_EL2: see armv8::IchVmcr.
std::uint64_t read_vmcr();
/// IchHcr bits: which maintenance interrupts are wanted.
void set_ich_hcr(std::uint32_t value);
/// EOIcount since last asked.
std::uint32_t take_eoi_count();

// Physical interrupts of this core.
std::uint32_t acknowledge();
/// The INTID that acknowledge() would give now; nothing changes.
std::uint32_t pending_interrupt();
/// Drops the running priority; the interrupt stays active until deactivated (by us, or by a guest through its list register).
void drop_priority(std::uint32_t intid);
void deactivate(std::uint32_t intid);
/// Marks a private interrupt active, so that the guest's end of interrupt finds what to deactivate.
void set_active(std::uint32_t intid);

// Translation.
/// Forgets what the TLBs know of the VM's stage 2 (and of stage 1 on top of it).
void flush_vm(Vm const& vm);
/// The same for every VM, on every core: VMIDs are about to be given anew.
void flush_all_vms();
/// The same for one page of the loaded VM.
void flush_page(Ipa page);
/// Makes descriptors that were just written visible to table walks, before a guest can depend on them.
void publish_tables();
/// Copies any number of bytes, aligned or not, between memories that do not overlap. Both are ordinary, cached memory.
void copy_bytes(void* to, void const* from, std::uint64_t bytes);
/// Copies one page and makes it visible to a guest whatever its cache attributes, as data and as instructions.
void copy_page(Pa to, Pa from);
/// Makes what was written visible to a guest in the same way.
void show_bytes(void const* at, std::uint64_t bytes);
/// Fills one page with zeros, likewise.
void zero_page(Pa page);

// A debugger's break- and watchpoints.
/// How many of a kind the processor has, at most debug::Registers::most.
unsigned debug_points(debug::Kind kind);
/// From now on debug exceptions of EL1 and EL0 on this core come to EL2: those of `registers`, BRK, and with `step` one after the next
/// instruction.
void arm_debug(debug::Registers const& registers, bool step);
/// None comes any more.
void disarm_debug();

/// This core does nothing any more: another one panics.
[[noreturn]] void halt();
/// PSCI SYSTEM_OFF, and SYSTEM_RESET, of the board. Do not return.
[[noreturn]] void power_off();
[[noreturn]] void reboot();

}  // namespace tiffin::arch
