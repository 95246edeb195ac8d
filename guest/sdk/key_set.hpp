// A set of keys, by their codes (abi::virtio::input).
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "abi/virtio.hpp"

namespace tiffin::sdk {

class KeySet {
public:
    static constexpr std::size_t words = abi::virtio::input::last_key / 64 + 1;

    KeySet() = default;
    explicit KeySet(std::array<std::uint64_t, words> const& bits) : bits_{bits} {}

    /// Codes that no keyboard has are never in it.
    static constexpr bool holds(std::uint16_t code) {
        return code >= abi::virtio::input::first_key && code <= abi::virtio::input::last_key;
    }
    [[nodiscard]] bool has(std::uint16_t code) const { return holds(code) && (bits_[code / 64] >> code % 64 & 1) != 0; }
    void add(std::uint16_t code) {
        if (holds(code)) bits_[code / 64] |= 1ull << code % 64;
    }
    void add(KeySet const& all) {
        for (std::size_t i = 0; i < words; ++i) bits_[i] |= all.bits_[i];
    }
    void remove(std::uint16_t code) {
        if (holds(code)) bits_[code / 64] &= ~(1ull << code % 64);
    }
    /// The lowest; 0: it is empty.
    [[nodiscard]] std::uint16_t first() const {
        for (std::size_t i = 0; i < words; ++i)
            if (bits_[i] != 0) return static_cast<std::uint16_t>(i * 64 + static_cast<unsigned>(std::countr_zero(bits_[i])));
        return 0;
    }
    [[nodiscard]] bool empty() const { return first() == 0; }
    [[nodiscard]] std::uint64_t word(std::size_t i) const { return bits_[i]; }

private:
    std::array<std::uint64_t, words> bits_{};
};

}  // namespace tiffin::sdk
