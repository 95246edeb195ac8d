// A PCI function's configuration space (PCI Local Bus Specification 3.0, "Configuration Space"; PCI Express Base Specification, "Enhanced
// Configuration Access Mechanism"), as the hypervisor, the tool and guests name it.
#pragma once
#include <cstdint>

namespace tiffin::pci {

// Registers: offsets of 32-bit words.
inline constexpr std::uint32_t id = 0x00;       // 31:16 device, 15:0 vendor; all ones: nobody is there
inline constexpr std::uint32_t command = 0x04;  // 31:16 status, 15:0 command
inline constexpr std::uint32_t class_code = 0x08;
inline constexpr std::uint32_t header_type = 0x0c;  // in bits 23:16
inline constexpr std::uint32_t bar0 = 0x10, bars = 6;
inline constexpr std::uint32_t subsystem = 0x2c;
inline constexpr std::uint32_t capabilities = 0x34;  // 7:0
inline constexpr std::uint32_t interrupt = 0x3c;     // 15:8 pin: 1 is INTA; 7:0 line
inline constexpr std::uint32_t header_bytes = 0x40, config_bytes = 0x100;
inline constexpr std::uint64_t ecam_stride = 0x1000, ecam_bus_bytes = 0x10'0000;
inline constexpr std::uint32_t functions_of_a_bus = 256;

namespace Command {
inline constexpr std::uint32_t memory = 1u << 1, bus_master = 1u << 2, interrupt_disable = 1u << 10;
}
namespace Status {
inline constexpr std::uint32_t capabilities = 1u << (16 + 4);
}
namespace BarBits {
inline constexpr std::uint32_t io = 1, type = 6, is_64_bits = 4, flags = 0xf;
}
inline constexpr std::uint8_t vendor_capability = 0x09;
inline constexpr std::uint8_t msi_capability = 0x05, msix_capability = 0x11;
/// "Message Control", the upper half of the first word of an MSI or MSI-X capability.
namespace Msi {
inline constexpr std::uint32_t enable = 1u << 16, multiple_message_enable = 7u << 20;
inline constexpr std::uint32_t is_64_bits = 1u << 23, masks_vectors = 1u << 24;
inline constexpr std::uint32_t address = 4, address_high = 8, data_32 = 8, data_64 = 12;  // offsets
}  // namespace Msi
namespace Msix {
inline constexpr std::uint32_t mask_all = 1u << 30, enable = 1u << 31;
}
/// Between the header and the end of the space there is no place for more; a list that goes on is a loop.
inline constexpr unsigned max_capabilities = (config_bytes - header_bytes) / 4;

/// Of a function on bus 0, "00:1f.3".
constexpr std::uint32_t device_of(std::uint32_t function) { return function >> 3; }
constexpr std::uint32_t number_of(std::uint32_t function) { return function & 7; }

}  // namespace tiffin::pci
