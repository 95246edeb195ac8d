// The header of an arm64 `Image`. Linux, Documentation/arch/arm64/booting.rst, "Call the kernel image".
#pragma once
#include <cstdint>
#include <optional>
#include <span>

namespace tiffin {

struct Arm64Header {
    std::uint32_t code0, code1;
    std::uint64_t text_offset;  // from a 2 MiB aligned base, little-endian
    std::uint64_t image_size;   // in memory, with what lies behind the file; 0 in kernels before 3.17
    std::uint64_t flags;        // bit 0: big-endian; bits 1-2: page size; bit 3: anywhere in memory
    std::uint64_t reserved[3];
    std::uint32_t magic;  // "ARM\x64"
    std::uint32_t pe_offset;
};
static_assert(sizeof(Arm64Header) == 64);

inline constexpr std::uint32_t arm64_magic = 0x644d'5241;

/// The header, if the bytes begin with one.
std::optional<Arm64Header> read_arm64_header(std::span<std::byte const> image);

}  // namespace tiffin
