// What a core may be asked to do for one of its vCPUs: everything that touches the vCPU itself is done by its own core.
#pragma once
#include <atomic>
#include <cstdint>

#include "core/smp/mailbox.hpp"

namespace tiffin {

struct Cpu;
struct Vcpu;

/// A vCPU's place in the mailbox of its core. The words are written before the request that tells of them.
struct Mail {
    template <class T>
    using Atomic = std::atomic<T>;

    enum Request : std::uint32_t {
        raise = 1u << 0,    // the private interrupts in `raised` are pending
        banks = 1u << 1,    // the guest changed private interrupts from another vCPU: the three words below
        refresh = 1u << 2,  // something of the distributor that concerns it has changed
        start = 1u << 3,    // CPU_ON, or the first vCPU of a VM that starts
        stop = 1u << 4,     // its VM stops or starts anew: leave, and say so
        console = 1u << 5,  // keys, or room for output (to the first vCPU of a VM)
        wish = 1u << 16,    // somebody manages its VM (to the first vCPU): Vm::wishes
        pause = 1u << 17,   // its VM was paused, or goes on
        ring = 1u << 6,     // channels of its VM were rung (to the first vCPU of a VM)
    };

    Atomic<std::uint32_t> requests{0};
    Atomic<std::uint32_t> raised{0}, not_pending{0}, active{0}, not_active{0};
    Atomic<bool> behind{false};          // the guest changed what it has to deliver, and it has not looked (GICD_CTLR.RWP)
    Atomic<std::uint64_t> senders[2]{};  // GICv2: of each SGI in `raised`, a byte with a bit for each vCPU that sent it
    Mail* next{nullptr};
    Vcpu* owner{nullptr};
};

namespace mail {

/// The physical SGIs of the hypervisor: mail has come; stop for good (somebody panics); the console has something to show.
inline constexpr std::uint32_t sgi = 0, halt_sgi = 1, bell_sgi = 2;
/// vCPUs that a call of drain() serves; what is left is served after whatever else is due.
inline constexpr int most = 2;

void post(Vcpu& to, std::uint32_t requests);
/// SGI `intid` from vCPU `sender` of the same VM.
void post_sgi(Vcpu& to, std::uint32_t intid, std::uint32_t sender);
/// The same for a change of the distributor, with the VM's lock held: until `to` has taken it, it is behind.
void post_change(Vcpu& to, std::uint32_t requests);
/// Does what this core was asked for.
void drain(Cpu& cpu);
/// Makes `v` ready, on whichever core it lives.
void start(Vcpu& v);
/// Forgets interrupts that are still on their way (reset of the VM, whose vCPUs are all off).
void forget_interrupts(Vcpu& v);

}  // namespace mail

}  // namespace tiffin
