// Which VMID marks a VM's translations in the TLBs, when there may be more VMs than VMIDs (8 bits name 255, 0 being nobody's).
//
// A VMID is lent, not owned. A VM is given the next one when it gets a core and has none; when they are used up, a new generation
// begins: every guest translation is flushed, and whoever runs next is given a VMID of the new generation. So a VM pays for a VMID
// once in a generation, the flush is paid for by the 255 VMs that it makes room for, and a turn costs one compare. (Linux does the
// same with ASIDs: Documentation/arm64/asids.rst has the model checker's view of it.)
//
// One space for the whole machine, because `TLBI ...IS` names a VMID on every core: were each core to number by itself, a flush
// for one VM would miss that VM on another core, and hit a stranger there. A new generation therefore leaves those alone whose
// registers another core holds (Cpu::loaded): they keep their VMID into it. What runs at EL2 does not use VTTBR_EL2 (Arm ARM,
// "Out-of-context translation regimes"), so a core with nobody loaded holds no VMID.
//
// With several cores, give() and flushing are under a lock (Machine::vmid_lock); the compare is not. It is right without it because
// Cpu::loaded is stored before the generation is read, and the generation is stored before Cpu::loaded is read, each with a barrier
// between: one of the two sees the other. Who sees a new generation asks again under the lock, since two vCPUs of one VM may ask at
// once, and a VM must have the same VMID on all its cores.
#pragma once
#include <cstdint>
#include <span>

#include "abi/plan.hpp"
#include "core/mem/stage2.hpp"

namespace tiffin {

struct Cpu;

class VmidAllocator {
public:
    /// VMIDs have `bits` bits: 8 or 16, as the processor says. Before any is given.
    void set_bits(unsigned bits) { end_ = 1u << bits; }

    /// Is a VMID that was given in `generation` still its VM's? 0, which no generation has, is the VM that never had one.
    [[nodiscard]] bool current(std::uint64_t generation) const { return generation == generation_; }

    /// VMIDs of each generation that only VMs of fixed priority get: a new one is begun, and paid for, by somebody who has no deadline.
    static constexpr std::uint32_t for_fixed = 8;

    /// Gives `to` the next VMID of this generation, if there are more than `spare` and it is certainly nobody's: what a turn costs where
    /// VMs are more than VMIDs.
    bool give_next(Stage2& to, std::uint32_t spare) {
        if (end_ - next_ <= spare || kept_count_ != 0) return false;
        to.set_vmid(next_++, generation_);
        return true;
    }
    /// Gives `to` a VMID of this generation, beginning a new one if only `spare` are left. `cpus` are all of the machine's.
    void give(Stage2& to, std::span<Cpu const> cpus, std::uint32_t spare = 0);

private:
    void begin_generation(std::span<Cpu const> cpus);
    [[nodiscard]] bool kept(std::uint32_t vmid) const;

    std::uint64_t generation_{1};
    std::uint32_t next_{1}, end_{256};
    std::uint16_t kept_[abi::max_cpus]{};  // in use on some core when the generation began
    std::uint32_t kept_count_{0};
};

}  // namespace tiffin
