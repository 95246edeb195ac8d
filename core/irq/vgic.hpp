// The virtual interrupt controller's state, whatever version the guest sees. vdev/gic translates register accesses into the calls
// here; the hardware's list registers deliver.
//
// Where an interrupt is, and which bit says so:
//
//     line --(level)--+                                  guest acknowledges        guest ends it
//     edge --latch--> pending --(enabled, room)--> listed(pending) ----> listed(active) ----> nowhere
//                        ^                              |                     |
//                        +------- fold (full, disabled, reprioritised) -------+--> active (kept for the next flush)
//
// `listed` means that a list register holds it; hardware changes that register behind our back, so a listed interrupt may be over
// already: `fold` finds out. A vCPU's list registers are in hardware while it is loaded on its core, and in VgicCpu::lr
// otherwise.
//
// A VM on several cores: VgicCpu belongs to the vCPU's own core, and nobody else touches it but for reading. VgicVm is under the
// VM's lock, which every function below takes where it needs it. What a function has to change in a vCPU of another core becomes
// mail (core/smp/mail.hpp): mostly "look at the distributor again", since its core then brings everything home and chooses anew.
#pragma once
#include <cstdint>

#include "abi/guest_map.hpp"
#include "base/result.hpp"
#include "core/irq/sliced.hpp"

namespace tiffin {

struct Vcpu;
struct Vm;

/// 32 interrupts, one bit each.
struct IrqBank {
    std::uint32_t enabled{0}, pending{0}, active{0}, line{0}, edge{0}, group1{0}, listed{0};
    std::uint32_t hardware{0};  // a physical interrupt stands behind it: the guest's end of interrupt deactivates that
    Sliced<5> level;            // the priority's upper five bits, which are those that the list registers have

    [[nodiscard]] std::uint32_t priority(std::uint32_t intid) const { return level.get(intid % 32) << 3; }
    void set_priority(std::uint32_t intid, std::uint32_t to) { level.set(intid % 32, to >> 3); }
    /// What the guest reads as pending, apart from what is listed.
    [[nodiscard]] std::uint32_t raised() const { return pending | (line & ~edge); }
    /// What could be put into a list register now.
    [[nodiscard]] std::uint32_t deliverable() const { return raised() & enabled & ~listed & ~active; }
};

inline constexpr std::uint32_t max_list_registers = 16;

/// Per vCPU: its SGIs and PPIs, and its list registers.
struct VgicCpu {
    IrqBank own;
    std::uint64_t lr[max_list_registers]{};  // as last written (loaded), or as saved
    std::uint32_t used{0};                   // list registers that hold, or held, something
    bool stale{false};                       // to be folded and flushed before it runs
    bool careful{false};                     // pull and push have to look at more than the list registers: see flush
    bool crowded{false};                     // more is deliverable than list registers are free
    std::uint8_t sgi_sources[16]{};          // GICv2: bit per vCPU that sent the pending SGI
    std::uint8_t sgi_active_source[16]{};    // GICv2: the sender of the SGI being handled
    std::uint32_t hcr{1};                    // ICH_HCR_EL2: En, and which maintenance interrupts are wanted
    std::uint64_t vmcr{0};
    std::uint32_t apr[2]{};  // active priorities, group 0 and 1
};

inline constexpr std::uint32_t spi_banks = abi::guest_map::intid_count / 32 - 1;

/// Where the 32 SPIs of a bank go, as indices of vCPUs: to `holder`, and to `routed`, which the guest has chosen, as soon as the holder
/// is not handling it. (An interrupt that was acknowledged must be ended by the same vCPU.)
struct SpiTargets {
    Sliced<3> routed, holder;
};

/// Per VM: the distributor.
struct VgicVm {
    IrqBank spi[spi_banks];
    SpiTargets targets[spi_banks];
    std::uint8_t moved{0};          // bit i: SPIs have come to vCPU i, which does not know yet
    std::uint32_t ctlr{0};          // GICD_CTLR enable bits of both groups
    std::uint32_t banks_in_use{0};  // SPI banks in which anything has been raised or active since the last reset

    [[nodiscard]] std::uint32_t routed(std::uint32_t intid) const { return targets[intid / 32 - 1].routed.get(intid % 32); }
    [[nodiscard]] std::uint32_t holder(std::uint32_t intid) const { return targets[intid / 32 - 1].holder.get(intid % 32); }
};

namespace vgic {

/// How many list registers the hardware has; set once at boot.
void set_list_register_count(std::uint32_t count);

/// Where `intid` (0..287) stands: among the private ones of `v`, or the SPIs of its VM.
IrqBank& bank(Vcpu& v, std::uint32_t intid);
/// The bit of `intid` in its bank.
constexpr std::uint32_t mask(std::uint32_t intid) { return 1u << (intid % 32); }
/// The vCPU that an interrupt of `v`'s VM goes to; `v` itself for private ones.
Vcpu& target_of(Vcpu& v, std::uint32_t intid);
/// The guest routes an SPI to another vCPU.
void set_target(Vm& vm, std::uint32_t intid, std::uint32_t index);

/// Latches the interrupt as pending for `v` (edge, SGI, or a physical interrupt that has fired) and delivers it if it may be.
void raise(Vcpu& v, std::uint32_t intid);
/// Latches up to 32 interrupts from `first` (a multiple of 32) on, in time that does not grow with how many are already pending.
void raise_all(Vcpu& v, std::uint32_t first, std::uint32_t bits);
/// The same for a private interrupt (INTID 0..31), which every switch and tick takes.
void raise_private(Vcpu& v, std::uint32_t intid);
/// A level input: a private one of `v`, or an SPI of its VM.
void set_line(Vcpu& v, std::uint32_t intid, bool high);
/// Is the vCPU that takes `intid` one of this core, and off it? Then its next turn calls channel::open_gate.
bool waits_for_its_turn(Vcpu& v, std::uint32_t intid);
/// Sends SGI `intid` from `from` to `to`.
void send_sgi(Vcpu& from, Vcpu& to, std::uint32_t intid);

/// Brings list registers and state together again after the distributor changed something that concerns `v`: anything that is
/// listed may have to come back, anything deliverable may have to go out.
void refresh(Vcpu& v);
void refresh_all(Vm& vm);
/// Does `v`, on another core, still deliver by what the distributor was before its last change?
bool is_behind(Vcpu const& v);

/// Takes everything out of the list registers of `v`; refresh puts back what belongs there.
void recall(Vcpu& v);
/// The guest clears pending states, or sets or clears active ones, of up to 32 interrupts from `first` (a multiple of 32) on.
void clear_pending(Vcpu& v, std::uint32_t first, std::uint32_t bits);
void set_active(Vcpu& v, std::uint32_t first, std::uint32_t bits, bool active);

/// Of the 32 interrupts from `first` on, those that are active (or pending) in a list register of `v` now.
std::uint32_t listed_bits(Vcpu const& v, std::uint32_t first, bool active);

/// On a maintenance interrupt: something ended, or there is room.
void on_maintenance(Vcpu& v);

/// Would WFI return at once? Not for what the guest's own CPU interface holds back (PMR, group enables).
bool has_pending(Vcpu& v);

/// Around a switch: `pull` brings the list registers of the loaded vCPU into VgicCpu::lr, `push` puts the state of `v` into the
/// hardware, where `leftover` list registers still hold those of another.
void pull(Vcpu& v);
void push(Vcpu& v, std::uint32_t leftover);
/// Private interrupts whose physical one is active on this vCPU's behalf.
std::uint32_t outstanding_private(Vcpu const& v);

/// Forgets everything (reset of the VM): interrupts disabled, nothing pending; keeps what is wired to hardware.
void reset(Vcpu& v);
void reset(Vm& vm);

// Pure parts, on saved list registers only; the unit tests' and the fuzzer's door.
void fold(Vcpu& v);
void flush(Vcpu& v);

}  // namespace vgic

}  // namespace tiffin
