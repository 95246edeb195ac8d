// The configuration space of an input device (virtio 1.2, "Input Device", "Device configuration layout"): a keyboard, the same for every
// client. The driver writes two bytes, and reads what they select:
//
//   0x00  select, 0x01 subsel
//   0x02  size: bytes of the answer; 0: there is none
//   0x08  the answer, up to 128 bytes: ID_NAME, ID_DEVIDS, EV_BITS of EV_KEY (keys 1 to 248) and of EV_REP (Linux repeats keys by itself)
//
// Why EL2 answers, and not the server: docs/decisions/0021-input.md.
#pragma once
#include <cstdint>

namespace tiffin::vdev::input_config {

/// `size` bytes (1 to 8) from `offset` on, while `selected` holds select and subsel. 0 where there is nothing.
std::uint64_t read(std::uint8_t const (&selected)[2], std::uint32_t offset, std::uint8_t size);

}  // namespace tiffin::vdev::input_config
