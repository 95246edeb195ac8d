// What a guest sees: QEMU's `virt` board (hw/arm/virt.c, base_memmap and a15irqmap). Addresses are guest-physical; interrupts are
// INTIDs.
#pragma once
#include <cstdint>

namespace tiffin::abi::guest_map {

inline constexpr std::uint64_t gicd = 0x0800'0000, gicd_size = 0x1'0000;
inline constexpr std::uint64_t gicc = 0x0801'0000,
                               gicc_size = 0x2000;  // GICv2 guests (QEMU's window is 64 KiB; GICV is two pages)
inline constexpr std::uint64_t gicr = 0x080a'0000, gicr_stride = 0x2'0000;  // GICv3 guests: RD_base and SGI_base frame per vCPU
inline constexpr std::uint64_t pl011 = 0x0900'0000, pl011_size = 0x1000;
inline constexpr std::uint64_t pl031 = 0x0901'0000, pl031_size = 0x1000;
inline constexpr std::uint64_t virtio = 0x0a00'0000, virtio_stride = 0x200;       // virtio-mmio slots
inline constexpr std::uint64_t watchdog = 0x0904'0000, watchdog_size = 0x2'0000;  // refresh frame, then control frame
inline constexpr std::uint64_t manager = 0x0906'0000;                             // abi/manage.hpp
inline constexpr std::uint64_t ram = 0x4000'0000;

// Channels: of channel n of a VM (docs/channels.md), the page with its doorbell and the doorbell's interrupt; the memory of all of them
// lies below QEMU's platform bus.
inline constexpr std::uint32_t max_channels = 32;
inline constexpr std::uint64_t channel_doorbells = 0x0a80'0000, channel_doorbell_stride = 0x1000;
inline constexpr std::uint64_t channel_memory = 0x0b00'0000, channel_memory_end = 0x0c00'0000;
inline constexpr std::uint32_t channel_intid = 144;

// Where PCI functions send messages: a GICv2m frame, whatever GIC the guest has (QEMU: on boards with a GICv2), and on boards with an ITS
// its first SPI. (24: on QEMU's virt the SMMU has some of the frame's others.)
inline constexpr std::uint64_t msi_frame = 0x0802'0000, msi_frame_size = 0x1000;
inline constexpr std::uint32_t msi_intid = 80, msi_count = 24;

// Bus 0 of the PCI host bridge, where QEMU has its small ECAM (highmem-ecam=off). BARs are where the board has them.
inline constexpr std::uint64_t pci_ecam = 0x3f00'0000, pci_ecam_size = 0x10'0000;

inline constexpr std::uint32_t pl011_intid = 33;
inline constexpr std::uint32_t pl031_intid = 34;
inline constexpr std::uint32_t virtual_timer_intid = 27;
inline constexpr std::uint32_t physical_timer_intid = 30;
inline constexpr std::uint32_t virtio_slots = 32, virtio_intid = 48;  // + slot
inline constexpr std::uint32_t server_intid = 143;                    // edge: news of a device that the VM serves
inline constexpr std::uint32_t watchdog_intid = 141;
inline constexpr std::uint32_t intid_count = 288;  // 32 private, 256 SPIs: GICD_TYPER.ITLinesNumber = 8

}  // namespace tiffin::abi::guest_map
