// The packed plan: what the tool decided, and all that the hypervisor is told. Little-endian, naturally aligned, no pointers.
//
//   boot image (file, loaded as one piece at PlanHeader::load_address)
//   +--------------------------+ 0
//   | hypervisor               |   starts with the arm64 Image header (64 bytes), then ImageInfo at offset 64.
//   |                          |   text, rodata, data, bss and stacks are all in the file
//   +--------------------------+ ImageInfo::plan_offset (4 KiB aligned)
//   | PlanHeader               |
//   | tables: memory, vms, vcpus, payloads, windows, interrupts, frames, slots, channels, virtio, pci, manages, strings
//   +--------------------------+
//   | payloads                 |   each 4 KiB aligned (2 MiB where its guest address is), zero-padded to 4 KiB
//   +--------------------------+ file size, 4 KiB aligned
//   | pool (not in the file)   |   PlanHeader::pool_bytes of RAM for what the hypervisor allocates at boot
//   +--------------------------+ image_size in the arm64 Image header covers the file and the pool
//
// Order, so that the hypervisor validates in one pass: memory ascending by base; VMs ascending by ram_pa; the slices of VM n+1
// follow those of VM n, without holes; a VM's payloads ascend by ipa. plan/view.hpp lists every rule.
//
// The tool writes it (tool/pack), plan/ reads and validates it: the tool before it writes, the hypervisor at boot, the fuzzer
// always.
#pragma once
#include <cstdint>

#include "abi/serve.hpp"
#include "abi/virtio.hpp"

namespace tiffin::abi {

inline constexpr std::uint64_t plan_magic = 0x4e414c5046464954;   // "TIFFPLAN"
inline constexpr std::uint64_t image_magic = 0x474d494e49464654;  // "TFFINIMG"
inline constexpr std::uint32_t plan_version = 4;
inline constexpr std::uint32_t image_info_offset = 64;

inline constexpr std::uint32_t max_vms = 1024;
inline constexpr std::uint32_t max_vcpus_per_vm = 8;
inline constexpr std::uint32_t max_cpus = 8;
inline constexpr std::uint32_t max_priority = 63;  // of a `fixed` VM; higher runs first
inline constexpr std::uint32_t min_weight = 1, max_weight = 10'000, default_weight = 100;
inline constexpr std::uint32_t pool_vm_bytes = 2048;      // of the pool, for each VM's state (checked against sizeof in core/vm)
inline constexpr std::uint32_t pool_vcpu_bytes = 2048;    // of the pool, for each vCPU's state
inline constexpr std::uint32_t pool_cpu_bytes = 2048;     // of the pool, for each further core's state
inline constexpr std::uint32_t pool_shared_bytes = 448;   // of the pool, for each VM, if several cores run
inline constexpr std::uint32_t pool_mail_bytes = 64;      // of the pool, for each vCPU, if several cores run
inline constexpr std::uint32_t pool_channels_bytes = 64;  // of the pool, for each VM that has channels
inline constexpr std::uint32_t pool_virtio_bytes = 256;   // of the pool, for each virtio device,
inline constexpr std::uint32_t pool_virtio_queue_bytes = 128;  // and each of its queues,
inline constexpr std::uint32_t pool_request_bytes = 16;        // and each entry of that
inline constexpr std::uint32_t pool_piece_bytes = 24;          // and each place of a GPU device for a piece of memory
inline constexpr std::uint32_t max_virtio = 256;               // compared pairwise at boot
inline constexpr std::uint32_t max_pci = 32;                   // PCI functions given away
inline constexpr std::uint32_t pool_pci_bytes = 192;           // of the pool, for each of them, beside tables,
inline constexpr std::uint32_t pool_pci_vm_bytes = 192;        // and for each VM that has some
inline constexpr std::uint32_t max_managed = 4 * max_vms;
inline constexpr std::uint32_t max_memory_records = 64;
inline constexpr std::uint32_t max_payloads = 8 * max_vms;
inline constexpr std::uint32_t max_windows = 256;                                       // compared pairwise at boot
inline constexpr std::uint32_t max_interrupts = 988;                                    // SPIs: INTID 32..1019
inline constexpr std::uint32_t max_channel_ends = 2048;                                 // two for each channel
inline constexpr std::uint32_t max_slots = 256;                                         // time windows of all cores together
inline constexpr std::uint64_t min_budget_ns = 10'000, max_period_ns = 10'000'000'000;  // of a `fixed` vCPU
inline constexpr std::uint64_t min_slot_ns = 50'000, max_frame_ns = 10'000'000'000;     // of a static schedule
inline constexpr std::uint32_t max_restarts = 16;
inline constexpr std::uint64_t max_restart_ns = 3'600'000'000'000;  // an hour
inline constexpr std::uint64_t max_slack_ns = 1'000'000'000;
inline constexpr std::uint32_t max_interrupt_rate = 1'000'000;  // a second
inline constexpr std::uint64_t min_trace_bytes = 4096, max_trace_bytes = 64ull << 20;
inline constexpr std::uint32_t max_name = 31;  // bytes of a VM's name, without the terminating zero

/// At offset 64 of the boot image, behind the arm64 Image header. The hypervisor's binary carries it with zero plan fields; the
/// tool fills them.
struct ImageInfo {
    std::uint64_t magic;             // image_magic
    std::uint32_t version;           // plan_version
    std::uint32_t hypervisor_bytes;  // of the hypervisor's own part, 4 KiB aligned (set by the linker script)
    std::uint32_t plan_offset;       // from the start of the image; 0: no plan was packed
    std::uint32_t plan_bytes;
    std::uint64_t reserved;
};
static_assert(sizeof(ImageInfo) == 32);

/// A table: `count` records at `offset` bytes from the start of the plan.
struct TableRef {
    std::uint32_t offset;
    std::uint32_t count;
};

/// An offset into the string table (zero-terminated UTF-8). 0 is the empty string.
using StringRef = std::uint32_t;

enum class GicVersion : std::uint32_t { V2 = 2, V3 = 3 };
enum class UartKind : std::uint32_t { None = 0, Pl011 = 1 };
enum class PsciConduit : std::uint32_t { None = 0, Smc = 1, Hvc = 2 };

/// What the tool learnt from the board's device tree. Addresses are physical; interrupt numbers are GIC INTIDs (SPI n is 32 + n,
/// PPI n is 16 + n).
struct BoardRecord {
    StringRef name;  // the device tree's root `model`, or its first `compatible`
    GicVersion gic_version;
    std::uint64_t gicd, gicd_size;
    std::uint64_t gicr, gicr_size;  // GICv3 redistributors (first region); 0 on GICv2
    std::uint64_t gicc, gicc_size;  // GICv2 CPU interface; 0 on GICv3
    std::uint64_t gich, gich_size;  // GICv2 virtual interface control; 0 on GICv3
    std::uint64_t gicv, gicv_size;  // GICv2 virtual CPU interface; 0 on GICv3
    std::uint64_t uart, uart_size;
    UartKind uart_kind;
    std::uint32_t uart_intid;
    std::uint32_t maintenance_intid;     // GIC maintenance interrupt (25 on most boards)
    std::uint32_t hyp_timer_intid;       // EL2 physical timer, CNTHP (26)
    std::uint32_t virtual_timer_intid;   // EL1 virtual timer, CNTV (27)
    std::uint32_t physical_timer_intid;  // EL1 physical timer, CNTP (30)
    PsciConduit psci;
    std::uint32_t cpu_count;
    std::uint64_t mpidr[max_cpus];  // affinity fields of each core, in device-tree order: core 0 is cpu@0
    // The word that each core watches for where to go (enable-method "spin-table"), outside the RAM that VMs get; 0: PSCI starts it.
    std::uint64_t release[max_cpus];
};

/// A range of the board's RAM, from the device tree's memory nodes, less what it reserves. 4 KiB aligned.
struct MemoryRecord {
    std::uint64_t base, size;
};

/// By which right a vCPU runs. `Window`: in its VM's time windows of the core's static schedule, and never outside them.
enum class Policy : std::uint32_t { Share = 0, Fixed = 1, Window = 2 };

enum VmFlags : std::uint32_t {
    vm_has_uart = 1u << 0,          // PL011 at 0x0900'0000, INTID 33
    vm_has_rtc = 1u << 1,           // PL031 at 0x0901'0000, INTID 34
    vm_starts_off = 1u << 2,        // somebody has to start it
    vm_restart_on_crash = 1u << 3,  // at most restart_count times within restart_within_ns, else it stays as it is
    vm_reboot_on_crash = 1u << 4,   // the whole board; not beside the one before
    vm_has_watchdog = 1u << 5,      // SBSA generic watchdog, frames at 0x0904'0000 and 0x0905'0000, INTID 141

    vm_may_debug = 1u << 6,           // a debugger at the console may stop it, read it and change it
    vm_waits_for_debugger = 1u << 7,  // it starts paused; only with vm_may_debug
};

struct VmRecord {
    StringRef name;               // unique, 1..max_name bytes of [a-z0-9-], starts with a letter
    std::uint32_t line;           // of the VM in the description, for messages; 1-based
    std::uint32_t flags;          // VmFlags
    std::uint32_t restart_count;  // with vm_restart_on_crash 1..max_restarts, else 0
    std::uint64_t restart_within_ns,
        restart_back_off_ns;  // 0..max_restart_ns; the second doubles with each restart within the first
    std::uint64_t ram_ipa;    // start of RAM in the guest's map, 2 MiB aligned
    std::uint64_t ram_size;   // bytes, multiple of 4 KiB, >= 64 KiB
    std::uint64_t
        ram_pa;  // the private memory behind it; congruent to ram_ipa modulo 2 MiB if ram_size >= 2 MiB, else 4 KiB aligned
    std::uint64_t entry;           // guest address at which the first vCPU starts, with the MMU off
    std::uint64_t x0;              // its x0: the guest device tree's address (arm64 boot protocol)
    std::uint64_t pv_time_ipa;     // page of RAM, unknown to the guest's memory map, for stolen time (Arm DEN 0057); 0: none
    std::uint64_t timer_slack_ns;  // 0..max_slack_ns: how much later than asked its timers may wake it, so that wake-ups merge
    TableRef manages;              // slice of the table of that name: the VMs that it may start, stop and watch
    TableRef payloads;             // slices: `offset` is an INDEX into the plan-wide table, not bytes
    TableRef vcpus;
    TableRef windows;
    TableRef interrupts;
    TableRef channels;
};

enum VcpuFlags : std::uint32_t {
    vcpu_background = 1u << 0,  // fixed: with its budget used up it runs when nobody else wants to, instead of waiting
};

/// A vCPU, pinned to one physical core.
struct VcpuRecord {
    std::uint32_t vm;    // index into the VM table
    std::uint32_t core;  // index into BoardRecord::mpidr
    Policy policy;
    std::uint32_t priority;  // fixed: 1..max_priority
    std::uint32_t weight;    // share: min_weight..max_weight
    std::uint32_t flags;     // VcpuFlags
    // Of a fixed vCPU with a contract; all 0 without one, and otherwise min_budget_ns <= budget <= deadline, budget <= period.
    std::uint64_t budget_ns;    // it may run so long in any period
    std::uint64_t period_ns;    // at most max_period_ns
    std::uint64_t deadline_ns;  // from waking to sleeping again, at most max_period_ns
};

/// Bytes of the boot image that the guest finds at `ipa` when it starts. Guests start in place: the pages are mapped read-only,
/// and a page is copied to the VM's private RAM when the guest first writes to it. So a reset finds the pristine image.
struct PayloadRecord {
    std::uint64_t ipa;           // 4 KiB aligned, inside the VM's RAM
    std::uint64_t image_offset;  // 4 KiB aligned; congruent to ipa modulo 2 MiB where size >= 2 MiB
    std::uint64_t size;          // bytes in the file; the rest of the last page is zero
    std::uint32_t crc32;         // CRC-32 (IEEE 802.3, as zlib's crc32) of the `size` bytes
    StringRef what;              // "kernel", "initrd", "device tree", or the file's name, for messages
};

/// Device memory given to a VM: mapped straight through, and to nobody else. 4 KiB aligned.
struct WindowRecord {
    std::uint64_t ipa, pa, size;
    StringRef what;      // node name in the board's device tree
    std::uint32_t line;  // in the description
};

/// A physical SPI given to a VM.
struct InterruptRecord {
    std::uint32_t physical;    // INTID 32..1019
    std::uint32_t virtual_id;  // INTID 32..287 in the VM
    std::uint32_t edge;        // 1: edge-triggered, 0: level
    std::uint32_t line;        // in the description
    std::uint32_t per_second;  // at most so many reach the VM, the rest is delayed; 0: no limit, else 1..max_interrupt_rate
    std::uint32_t reserved;    // 0
};

/// A VM's end of a channel: memory that it shares with one other VM, and a doorbell on either side. Each side writes its own half of the
/// memory, and reads all of it.
struct ChannelRecord {
    StringRef name;              // the same at both ends; unique in the VM
    std::uint32_t line;          // in the description
    std::uint64_t ipa;           // in guest_map's channel memory, 4 KiB aligned, ascending within a VM
    std::uint64_t pa;            // inside PlanHeader's shared memory, 4 KiB aligned
    std::uint64_t size;          // bytes, of both halves: a multiple of 8 KiB
    std::uint32_t peer;          // the other VM
    std::uint32_t peer_channel;  // the other end, in that VM's slice
    std::uint32_t side;          // 0: writes the lower half, 1: the upper; the peer has the other
    std::uint32_t reserved;      // 0
};

/// The static schedule of one core (ARINC 653: a major frame, repeated for ever). All vCPUs of such a core have Policy::Window.
struct FrameRecord {
    std::uint32_t core;      // index into BoardRecord::mpidr, ascending in the table
    std::uint32_t reserved;  // 0
    std::uint64_t major_ns;  // at most max_frame_ns
    TableRef slots;          // a slice, frame after frame without holes: `offset` is an INDEX
};

/// A time window: from `offset_ns` after the start of the major frame, for `length_ns`, the core is this VM's.
struct SlotRecord {
    std::uint32_t vm;                    // has a vCPU on that core
    std::uint32_t reserved;              // 0
    std::uint64_t offset_ns, length_ns;  // length >= min_slot_ns; ascending, disjoint, inside the frame
};

/// A virtio device between two VMs. In the table they ascend by client, then by slot; slots of a client count from 0.
struct VirtioRecord {
    std::uint32_t client, server;  // indices of VMs, different
    virtio::Type type;
    std::uint32_t slot;                             // of the client's virtio-mmio slots
    std::uint32_t server_device;                    // what the server calls it: its devices count from 0, without holes
    std::uint32_t queues;                           // 1..serve::max_queues
    std::uint32_t queue_size;                       // a power of two, 2..serve::max_queue_size
    std::uint32_t line;                             // in the description
    std::uint64_t features;                         // that the device offers beside those of the transport
    std::uint64_t config[serve::config_bytes / 8];  // its configuration space before the server changes it
};

/// A VM that another manages.
struct ManageRecord {
    std::uint32_t vm;    // index; not the manager's own
    std::uint32_t line;  // in the description
};

enum PciFlags : std::uint32_t {
    pci_unfenced = 1u << 0,  // its DMA may reach everything: the board has no SMMU, and the description accepts it
};

/// A PCI function given to a VM. In the table they ascend by `function`.
struct PciRecord {
    std::uint32_t vm;
    std::uint32_t function;  // on bus 0: device << 3 | number
    std::uint32_t line;      // in the description
    std::uint32_t flags;     // PciFlags
};

/// The board's PCI host bridge and the SMMU behind it; all 0 if no function is given away.
struct PciHost {
    std::uint64_t ecam;                 // of bus 0: 1 MiB
    std::uint64_t window, window_size;  // of 32-bit memory, where BARs go; the same address for cores and bus
    std::uint64_t smmu;                 // an SMMUv3, to which a function's number is its StreamID; 0: none
    std::uint64_t its;                  // GITS registers of the ITS, to which a function's number is its DeviceID; 0: none
    std::uint64_t msi;          // page at whose offset 0x40 messages arrive: of the ITS, or a GICv2m frame; 0: no messages
    std::uint32_t event_intid;  // of the SMMU's event queue
    std::uint32_t msi_first;    // the VM's first SPI (INTID) for messages, of guest_map::msi_count; 0: no messages
};

enum PlanFlags : std::uint32_t {
    plan_verify_payloads = 1u << 0,  // check every payload's CRC at boot (reads all of the image)
    plan_stay_on = 1u << 1,          // do not power the board off when all VMs have stopped
};

struct PlanHeader {
    std::uint64_t magic;           // plan_magic
    std::uint32_t version;         // plan_version
    std::uint32_t bytes;           // of header, tables and strings
    std::uint32_t crc32;           // CRC-32 (IEEE) of those bytes, with this field zero
    std::uint32_t flags;           // PlanFlags
    std::uint64_t load_address;    // physical; the image must be loaded here (2 MiB aligned)
    std::uint64_t image_bytes;     // of the boot image file
    std::uint64_t pool_bytes;      // RAM behind the file for the hypervisor's boot allocations
    std::uint64_t trace_bytes;     // of each core's trace ring: 0 for none, else a power of two, min_trace_bytes..max_trace_bytes
    StringRef description;         // file name of the description, for messages
    std::uint32_t wake_charge_ns;  // what each wake-up takes from the waker's own budget, beside its turn (docs/contract.md)
    TableRef memory, vms, vcpus, payloads, windows, interrupts, frames, slots, channels, virtio, pci, manages;
    std::uint64_t shared_base,
        shared_bytes;  // RAM for the memory of all channels, which ascend in it; 4 KiB aligned, both 0 for none
    PciHost pci_host;
    TableRef strings;  // count is in bytes; first and last byte are zero
    BoardRecord board;
};

}  // namespace tiffin::abi
