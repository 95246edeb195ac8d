// 32 small numbers, stored bit by bit: word b holds bit b of each. So a question about all of them takes a few instructions for each bit,
// whatever the numbers are, where a loop over them would take as long as a guest likes.
#pragma once
#include <bit>
#include <cstdint>

namespace tiffin {

template <unsigned Bits>
class Sliced {
public:
    [[nodiscard]] constexpr std::uint32_t get(std::uint32_t i) const {
        std::uint32_t value = 0;
#pragma GCC unroll 8
        for (unsigned b = 0; b < Bits; ++b) value |= (words_[b] >> i & 1) << b;
        return value;
    }
    constexpr void set(std::uint32_t i, std::uint32_t value) {
        for (unsigned b = 0; b < Bits; ++b) words_[b] = (words_[b] & ~(1u << i)) | (value >> b & 1) << i;
    }
    /// Which are `value`.
    [[nodiscard]] constexpr std::uint32_t equal(std::uint32_t value) const {
        std::uint32_t same = ~0u;
        for (unsigned b = 0; b < Bits; ++b) same &= (value >> b & 1) != 0 ? words_[b] : ~words_[b];
        return same;
    }
    struct Least {
        std::uint32_t value, which;
    };
    /// The smallest number in `among`, which is not empty, and which of those are it.
    [[nodiscard]] constexpr Least least(std::uint32_t among) const {
        std::uint32_t value = 0;
#pragma GCC unroll 8
        for (unsigned n = 0; n < Bits; ++n) {
            auto const smaller = among & ~words_[Bits - 1 - n];
            value = value << 1 | (smaller == 0 ? 1 : 0);
            among = smaller != 0 ? smaller : among;
        }
        return {.value = value, .which = among};
    }

private:
    std::uint32_t words_[Bits]{};
};

namespace detail {
constexpr Sliced<3> three() {
    Sliced<3> s;
    s.set(0, 7), s.set(5, 3), s.set(9, 3), s.set(31, 6);
    return s;
}
static_assert(three().get(5) == 3 && three().get(31) == 6 && three().get(1) == 0);
static_assert(three().equal(3) == (1u << 5 | 1u << 9));
static_assert(three().least(1u << 0 | 1u << 5 | 1u << 9 | 1u << 31).which == (1u << 5 | 1u << 9));
static_assert(three().least(1u << 0 | 1u << 31).which == 1u << 31 && three().least(1u << 0 | 1u << 31).value == 6);
}  // namespace detail

}  // namespace tiffin
