// The packed plan, opened and validated. A PlanView exists only for a plan that passed every rule below, so whoever holds one
// need not check again: the tool (before it writes an image), the hypervisor (at boot: it trusts no file) and the fuzzer.
//
// What open() guarantees, beside magic, version, length and CRC-32:
//   strings     zero-terminated; every StringRef is inside the table
//   memory      1..max_memory_records, page-aligned, ascending, disjoint
//   cores       differ in affinity; the word that starts one by spin table is aligned, below 2^40 and outside all memory records
//   image       [load_address, + image_bytes + pool_bytes) lies in one memory record; load_address is 2 MiB aligned
//   VMs         1..max_vms, sorted by ram_pa; RAM inside one memory record and below 2^40, disjoint from image and each other;
//               ram_ipa >= 0x4000'0000, end <= 2^39; names unique and well-formed; entry and x0 inside RAM
//   slices      of payloads, vcpus, windows, interrupts, channels: VM after VM, without holes or sharing, covering the tables
//   vCPUs       belong to their VM; the core exists; priority or weight in range; budget, period and deadline fit each other
//   payloads    page-aligned, inside RAM and image, sorted by ipa and disjoint within a VM, congruent modulo 2 MiB if >= 2 MiB
//   windows     page-aligned; physical side clear of RAM, GIC, console UART, spin table and each other; guest side clear of RAM and
//               emulated devices
//   interrupts  physical SPIs with one owner, none the hypervisor's; virtual ones unique in the VM and not its PL011's or PL031's
//   frames      one for each core that has a static schedule, ascending; its slots ascending, disjoint, inside the frame, of VMs
//               that have a vCPU there; the policy of a vCPU is Window exactly if its core has a frame
//   channels    two ends that name each other, of two VMs, with one name, size and memory, one of each side; at most 32 a VM, names
//               unique in it; guest side in the map's channel memory, ascending; memory inside the shared range, ascending in the order
//               of first ends; the shared range inside one memory record, clear of image and VMs
//   virtio      client and server exist and differ; slots of a client, and numbers of a server's devices, count from 0 without holes;
//               queues and their sizes in range; no feature of the transport's own; slots clear of windows and interrupts given away
//
//   pci         functions of bus 0 with one owner, ascending, not the host bridge; ECAM, window and SMMU page-aligned, below 2^39, apart from
//               RAM, GIC, UART and windows; fenced by the SMMU if there is one; the guest side clear of its windows
//   life        restart and reboot on a crash exclude each other; limits in range; a manager's VMs exist, and are not itself
//
// Cost: linear in the plan's size, but for windows and virtio (at most max_windows and max_virtio, pairwise).
#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "abi/plan.hpp"

namespace tiffin {

/// Why a plan was refused, ready to print: "plan: <table> <index>: <what>".
struct PlanError {
    char const* what;     // a sentence without a full stop
    char const* table;    // "header", "board", "memory", "vm", "vcpu", "payload", "window", "interrupt", "frame", "slot",
                          // "channel", "virtio", "pci"
    std::uint32_t index;  // of the record in its table
};

class PlanView {
public:
    /// Validates everything. `bytes` is the plan alone (ImageInfo::plan_bytes), 8-byte aligned, and must outlive the view.
    /// `plan_offset` is where it starts in the boot image: payloads must lie behind it, never in the hypervisor.
    static std::expected<PlanView, PlanError> open(std::span<std::byte const> bytes, std::uint64_t plan_offset = 0);

    [[nodiscard]] abi::PlanHeader const& header() const { return *reinterpret_cast<abi::PlanHeader const*>(bytes_.data()); }
    [[nodiscard]] abi::BoardRecord const& board() const { return header().board; }
    [[nodiscard]] std::span<abi::MemoryRecord const> memory() const { return table<abi::MemoryRecord>(header().memory); }
    [[nodiscard]] std::span<abi::VmRecord const> vms() const { return table<abi::VmRecord>(header().vms); }
    [[nodiscard]] std::span<abi::VcpuRecord const> vcpus() const { return table<abi::VcpuRecord>(header().vcpus); }
    [[nodiscard]] std::span<abi::PayloadRecord const> payloads() const { return table<abi::PayloadRecord>(header().payloads); }
    [[nodiscard]] std::span<abi::WindowRecord const> windows() const { return table<abi::WindowRecord>(header().windows); }
    [[nodiscard]] std::span<abi::InterruptRecord const> interrupts() const {
        return table<abi::InterruptRecord>(header().interrupts);
    }

    [[nodiscard]] std::span<abi::FrameRecord const> frames() const { return table<abi::FrameRecord>(header().frames); }
    [[nodiscard]] std::span<abi::SlotRecord const> slots() const { return table<abi::SlotRecord>(header().slots); }
    [[nodiscard]] std::span<abi::ChannelRecord const> channels() const { return table<abi::ChannelRecord>(header().channels); }
    [[nodiscard]] std::span<abi::SlotRecord const> slots_of(abi::FrameRecord const& frame) const {
        return slice(slots(), frame.slots);
    }

    [[nodiscard]] std::span<abi::VirtioRecord const> virtio() const { return table<abi::VirtioRecord>(header().virtio); }

    [[nodiscard]] std::span<abi::PciRecord const> pci() const { return table<abi::PciRecord>(header().pci); }
    [[nodiscard]] std::uint32_t pci_functions_of(std::uint32_t vm) const {
        std::uint32_t count = 0;
        for (auto const& function : pci()) count += function.vm == vm ? 1 : 0;
        return count;
    }

    [[nodiscard]] std::span<abi::ManageRecord const> managed_by(abi::VmRecord const& vm) const {
        return slice(table<abi::ManageRecord>(header().manages), vm.manages);
    }

    [[nodiscard]] std::span<abi::VcpuRecord const> vcpus_of(abi::VmRecord const& vm) const { return slice(vcpus(), vm.vcpus); }
    [[nodiscard]] std::span<abi::PayloadRecord const> payloads_of(abi::VmRecord const& vm) const {
        return slice(payloads(), vm.payloads);
    }
    [[nodiscard]] std::span<abi::WindowRecord const> windows_of(abi::VmRecord const& vm) const {
        return slice(windows(), vm.windows);
    }
    [[nodiscard]] std::span<abi::InterruptRecord const> interrupts_of(abi::VmRecord const& vm) const {
        return slice(interrupts(), vm.interrupts);
    }

    [[nodiscard]] std::span<abi::ChannelRecord const> channels_of(abi::VmRecord const& vm) const {
        return slice(channels(), vm.channels);
    }

    /// The text at `ref`; empty for a reference outside the table (a record of a validated plan has none).
    [[nodiscard]] std::string_view string(abi::StringRef ref) const;

private:
    explicit PlanView(std::span<std::byte const> bytes) : bytes_{bytes} {}

    template <class Record>
    [[nodiscard]] std::span<Record const> table(abi::TableRef ref) const {
        return {reinterpret_cast<Record const*>(bytes_.data() + ref.offset), ref.count};
    }
    template <class Record>
    static std::span<Record const> slice(std::span<Record const> all, abi::TableRef ref) {
        return all.subspan(ref.offset, ref.count);
    }

    std::span<std::byte const> bytes_;
};

}  // namespace tiffin
