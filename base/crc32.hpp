// CRC-32 (IEEE 802.3, reflected polynomial 0xedb88320): the same value as zlib's crc32() and Python's binascii.crc32().
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace tiffin {

namespace detail {
consteval std::array<std::uint32_t, 16> make_crc32_table() {
    std::array<std::uint32_t, 16> table{};
    for (std::uint32_t i = 0; i < 16; ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 4; ++bit) value = (value & 1) != 0 ? (value >> 1) ^ 0xedb8'8320u : value >> 1;
        table[i] = value;
    }
    return table;
}
inline constexpr std::array<std::uint32_t, 16> crc32_table = make_crc32_table();
}  // namespace detail

/// A CRC-32 in the making: feed it pieces in order, then ask for `value()`. Half a byte a step: the table is 64 bytes, and EL2
/// has a budget.
class Crc32 {
public:
    constexpr Crc32& add(std::span<std::byte const> bytes) {
        for (auto const byte : bytes) {
            state_ ^= static_cast<std::uint32_t>(byte);
            state_ = detail::crc32_table[state_ & 0xf] ^ (state_ >> 4);
            state_ = detail::crc32_table[state_ & 0xf] ^ (state_ >> 4);
        }
        return *this;
    }
    [[nodiscard]] constexpr std::uint32_t value() const { return ~state_; }

private:
    std::uint32_t state_{~0u};
};

constexpr std::uint32_t crc32(std::span<std::byte const> bytes) { return Crc32{}.add(bytes).value(); }

namespace detail {
// The check value that every catalogue of CRCs gives for "123456789".
inline constexpr std::array<std::byte, 9> crc32_probe{std::byte{'1'}, std::byte{'2'}, std::byte{'3'},
                                                      std::byte{'4'}, std::byte{'5'}, std::byte{'6'},
                                                      std::byte{'7'}, std::byte{'8'}, std::byte{'9'}};
static_assert(crc32(crc32_probe) == 0xcbf4'3926);
}  // namespace detail

}  // namespace tiffin
