#include "core/mem/vmid.hpp"

#include "core/arch.hpp"
#include "core/cpu.hpp"
#include "core/vm/vm.hpp"

namespace tiffin {

void VmidAllocator::give(Stage2& to, std::span<Cpu const> cpus, std::uint32_t spare) {
    std::uint32_t vmid = 0;
    do {  // ends: at most as many are kept as there are cores
        if (end_ - next_ <= spare) begin_generation(cpus);
        vmid = next_++;
    } while (kept(vmid));
    to.set_vmid(vmid, generation_);
}

void VmidAllocator::begin_generation(std::span<Cpu const> cpus) {
    auto const last = generation_++;
    next_ = 1;
    kept_count_ = 0;
    std::atomic_thread_fence(std::memory_order_seq_cst);
    for (Cpu const& cpu : cpus) {
        if (cpu.loaded == nullptr) continue;
        Stage2& running = cpu.loaded->vm->stage2;
        if (running.vmid_generation() != last) continue;  // kept already for another core; or it is the one that asks
        running.set_vmid(running.vmid(), generation_);
        kept_[kept_count_++] = running.vmid();
    }
    arch::flush_all_vms();
}

bool VmidAllocator::kept(std::uint32_t vmid) const {
    for (std::uint32_t i = 0; i < kept_count_; ++i)
        if (kept_[i] == vmid) return true;
    return false;
}

}  // namespace tiffin
