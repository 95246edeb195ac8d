// The hypervisor's binary, as the target build leaves it: an arm64 Image with an ImageInfo for the tool to fill.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "tool/files.hpp"

namespace tiffin {

struct Hypervisor {
    SharedBytes bytes;
    std::uint32_t size;  // bytes in the boot image, a multiple of 4 KiB
};

/// Nothing, and a reason, if the bytes are no hypervisor that this tool can pack.
std::optional<Hypervisor> open_hypervisor(SharedBytes bytes, std::string& why);

/// A stand-in of the largest size that the hypervisor may grow to, for `tiffin check` before anything was built for the target.
Hypervisor nominal_hypervisor();

}  // namespace tiffin
