// How much RAM the hypervisor allocates at boot, as a function of the plan: the tool reserves it, the hypervisor takes it, and
// nothing is allocated after the first guest has been entered. An upper bound; the hypervisor prints what it took.
#pragma once
#include <bit>
#include <cstdint>

#include "base/addr.hpp"
#include "plan/view.hpp"

namespace tiffin {

/// Bits of a VM's guest-physical space: at least 32, so that the emulated devices and a root table of 4 entries fit.
inline unsigned ipa_bits(PlanView const& plan, abi::VmRecord const& vm) {
    std::uint64_t end = vm.ram_ipa + vm.ram_size;
    for (auto const& window : plan.windows_of(vm)) end = window.ipa + window.size > end ? window.ipa + window.size : end;
    auto const bits = static_cast<unsigned>(std::bit_width(end - 1));
    return bits < 32 ? 32 : bits;
}

/// Bytes (and alignment) of its stage-2 root table: 8 bytes for each GiB.
inline std::uint64_t root_bytes(unsigned bits) {
    std::uint64_t const bytes = 8ull << (bits - 30);
    return bytes < 64 ? 64 : bytes;
}

/// Upper bound of the 4 KiB tables below the root.
inline std::uint64_t stage2_tables(PlanView const& plan, abi::VmRecord const& vm) {
    constexpr auto large = large_page_size;
    auto const regions = [](std::uint64_t at, std::uint64_t size, unsigned shift) {
        return ((at + size - 1) >> shift) - (at >> shift) + 1;
    };
    std::uint64_t tables = regions(vm.ram_ipa, vm.ram_size, 30);
    if ((vm.ram_ipa - vm.ram_pa) % large != 0) {
        tables += regions(vm.ram_ipa, vm.ram_size, 21);
    } else {
        if (vm.ram_ipa % large != 0) ++tables;
        if ((vm.ram_ipa + vm.ram_size) % large != 0) ++tables;
        std::uint64_t counted = 0;  // first 2 MiB region not yet counted
        for (auto const& payload : plan.payloads_of(vm)) {
            auto first = payload.ipa / large;
            auto const last = (payload.ipa + payload.size - 1) / large;
            first = first < counted ? counted : first;
            if (first <= last) tables += last - first + 1;
            counted = last + 1 > counted ? last + 1 : counted;
        }
    }
    for (auto const& window : plan.windows_of(vm)) {
        tables += regions(window.ipa, window.size, 30);
        tables += (window.ipa - window.pa) % large != 0 ? regions(window.ipa, window.size, 21) : 2;
    }
    for (auto const& end : plan.channels_of(vm)) tables += regions(end.ipa, end.size, 30) + regions(end.ipa, end.size, 21);
    if (plan.board().gic_version == abi::GicVersion::V2) tables += 2;  // the virtual CPU interface's pages
    return tables;
}

/// Cores that the hypervisor keeps state for: 0, where it boots, and up to the last one with a vCPU.
inline std::uint32_t core_count(PlanView const& plan) {
    std::uint32_t count = 1;
    for (auto const& vcpu : plan.vcpus()) count = vcpu.core + 1 > count ? vcpu.core + 1 : count;
    return count;
}

/// EL2's stacks but for core 0's, which is in the image: they are the first of the pool, each with an unmapped page below it.
inline constexpr std::uint64_t core_stack_bytes = 4 * page_size;
inline std::uint64_t stack_bytes(PlanView const& plan) { return (core_count(plan) - 1) * core_stack_bytes; }

/// For the PCI functions given away: the SMMU's stream table (16 KiB, aligned), queues and state; EL2's tables for it and ECAM; for each function
/// its state and the stage-2 tables of six BARs; for each VM what its devices see of its RAM and of
/// the page that takes messages.
inline std::uint64_t pci_bytes(PlanView const& plan) {
    std::uint64_t bytes = (8 + 5 + 8) * page_size + plan.pci().size() * (abi::pool_pci_bytes + 8 * page_size);
    if (plan.header().pci_host.its !=
        0)  // device table, collections, queue, configuration; each core's pending table, aligned to 64 KiB
        bytes += 8 * page_size + (core_count(plan) + 1) * 0x1'0000 + plan.pci().size() * 2 * page_size;
    for (std::uint32_t id = 0; id < plan.vms().size(); ++id) {
        if (plan.pci_functions_of(id) == 0) continue;
        auto const& vm = plan.vms()[id];
        bool const congruent = (vm.ram_ipa - vm.ram_pa) % large_page_size == 0;
        auto const gigas = (vm.ram_size >> 30) + 2;
        bytes += abi::pool_pci_vm_bytes + (1 + gigas + 2 + (congruent ? 2 : (vm.ram_size >> 21) + 2)) * page_size;
    }
    return bytes;
}

/// Bytes of the pool: a multiple of 4 KiB.
inline std::uint64_t pool_bytes(PlanView const& plan) {
    // EL2's own stage 1: a root, and for each memory range and the devices at most four tables; the table of interrupt owners.
    std::uint64_t bytes = (24 + 4 * plan.memory().size()) * page_size;
    bytes += stack_bytes(plan) + (core_count(plan) - 1) * abi::pool_cpu_bytes;
    if (core_count(plan) > 1) bytes += plan.vms().size() * abi::pool_shared_bytes + plan.vcpus().size() * abi::pool_mail_bytes;
    for (auto const& vm : plan.vms()) {
        auto const root = root_bytes(ipa_bits(plan, vm));
        bytes += abi::pool_vm_bytes + 2 * root + (stage2_tables(plan, vm) + 1) * page_size;  // + 1: alignment
        bytes += vm.vcpus.count * (abi::pool_vcpu_bytes + 64ull);                            // + queue slots
        if (vm.channels.count != 0) bytes += abi::pool_channels_bytes + vm.channels.count * 16ull;
        bytes += ((vm.flags & abi::vm_has_watchdog) != 0 ? 128 : 0) + (vm.manages.count != 0 ? 64 : 0);
        bytes += vm.interrupts.count * 64ull;  // rate limits
    }
    for (auto const& device : plan.virtio())
        bytes += abi::pool_virtio_bytes +
                 device.queues * (abi::pool_virtio_queue_bytes + device.queue_size * abi::pool_request_bytes) +
                 (device.type == abi::virtio::Type::Gpu ? abi::serve::max_pieces * abi::pool_piece_bytes : 0);
    if (!plan.pci().empty()) bytes += pci_bytes(plan);
    bytes += plan.slots().size() * 32 + plan.board().cpu_count * (plan.header().trace_bytes + page_size);
    return align_up(bytes, page_size);
}

}  // namespace tiffin
