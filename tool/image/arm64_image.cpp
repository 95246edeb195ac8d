#include "tool/image/arm64_image.hpp"

#include <cstring>

namespace tiffin {

std::optional<Arm64Header> read_arm64_header(std::span<std::byte const> image) {
    Arm64Header header{};
    if (image.size() < sizeof header) return std::nullopt;
    std::memcpy(&header, image.data(), sizeof header);
    if (header.magic != arm64_magic) return std::nullopt;
    return header;
}

}  // namespace tiffin
