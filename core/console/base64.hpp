// Bytes as text that survives a serial line and a log (RFC 4648, "Base 64 Encoding").
#pragma once
#include <cstddef>
#include <span>

#include "core/console/format.hpp"

namespace tiffin {

inline Line& add_base64(Line& line, std::span<std::byte const> bytes) {
    constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        auto const have = bytes.size() - at < 3 ? bytes.size() - at : 3;
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i) group = group << 8 | (i < have ? std::to_integer<std::uint32_t>(bytes[at + i]) : 0);
        for (std::size_t i = 0; i < 4; ++i) line << (i <= have ? digits[group >> (18 - 6 * i) & 63] : '=');
    }
    return line;
}

}  // namespace tiffin
