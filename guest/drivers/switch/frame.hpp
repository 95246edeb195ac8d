// Ethernet frames (IEEE 802.3) as a virtio network device carries them: behind a header of its own (virtio 1.2, "Network Device",
// "Device Operation").
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "abi/virtio.hpp"

namespace tiffin::net_switch {

/// Frames without their checksum: two addresses and a type at least; 1500 bytes and a VLAN tag more at most.
inline constexpr std::size_t shortest = 14, longest = 1518, header = abi::virtio::net::header_bytes;

/// An address in the lower 48 bits, its first byte lowest, as the configuration space has it.
struct Mac {
    std::uint64_t bits{0};

    static Mac at(std::span<std::byte const> bytes) {
        Mac mac;
        for (unsigned i = 0; i < 6; ++i) mac.bits |= std::to_integer<std::uint64_t>(bytes[i]) << 8 * i;
        return mac;
    }
    static constexpr Mac of_config(std::uint64_t word) { return {word & 0xffff'ffff'ffff}; }

    /// Broadcast included.
    [[nodiscard]] constexpr bool is_group() const { return (bits & 1) != 0; }
    constexpr bool operator==(Mac const&) const = default;
};

inline Mac destination(std::span<std::byte const> frame) { return Mac::at(frame.first(6)); }
inline Mac source(std::span<std::byte const> frame) { return Mac::at(frame.subspan(6, 6)); }

}  // namespace tiffin::net_switch
