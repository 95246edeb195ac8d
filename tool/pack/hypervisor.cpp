#include "tool/pack/hypervisor.hpp"

#include <cstring>
#include <fmt/format.h>

#include "abi/plan.hpp"
#include "base/addr.hpp"
#include "tool/image/arm64_image.hpp"

namespace tiffin {

std::optional<Hypervisor> open_hypervisor(SharedBytes bytes, std::string& why) {
    abi::ImageInfo info{};
    if (!read_arm64_header(*bytes) || bytes->size() < abi::image_info_offset + sizeof info) {
        return why = "it does not start with an arm64 Image header", std::nullopt;
    }
    std::memcpy(&info, bytes->data() + abi::image_info_offset, sizeof info);
    if (info.magic != abi::image_magic) return why = "it has no ImageInfo at offset 64", std::nullopt;
    if (info.version != abi::plan_version) {
        return why = fmt::format("it takes plans of version {}, this tool writes version {}", info.version, abi::plan_version),
               std::nullopt;
    }
    if (info.hypervisor_bytes % page_size != 0 || info.hypervisor_bytes < bytes->size()) {
        return why = "the length in its ImageInfo is not that of the file", std::nullopt;
    }
    return Hypervisor{std::move(bytes), info.hypervisor_bytes};
}

Hypervisor nominal_hypervisor() {
    constexpr std::uint32_t size = 512 << 10;
    auto bytes = std::make_shared<Bytes>(size);
    Arm64Header header{};
    header.magic = arm64_magic;
    abi::ImageInfo const info{abi::image_magic, abi::plan_version, size, 0, 0, 0};
    std::memcpy(bytes->data(), &header, sizeof header);
    std::memcpy(bytes->data() + abi::image_info_offset, &info, sizeof info);
    return {bytes, size};
}

}  // namespace tiffin
