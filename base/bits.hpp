// Register fields as types. Bits are written high, low, as the Arm ARM prints them.
#pragma once
#include <cstdint>
#include <type_traits>

namespace tiffin {

/// A bit range of a register, typed by what it holds.
template <unsigned Hi, unsigned Lo, class T = std::uint64_t>
struct Field {
    static_assert(Hi >= Lo && Hi < 64);
    static constexpr std::uint64_t max = Hi - Lo == 63 ? ~0ull : (1ull << (Hi - Lo + 1)) - 1;
    static constexpr std::uint64_t mask = max << Lo;
    static constexpr T get(std::uint64_t reg) { return static_cast<T>((reg & mask) >> Lo); }
    static constexpr std::uint64_t make(T value) { return (static_cast<std::uint64_t>(value) << Lo) & mask; }
    static constexpr std::uint64_t set(std::uint64_t reg, T value) { return (reg & ~mask) | make(value); }
};

template <unsigned N>
using Bit = Field<N, N, bool>;

/// True if no two fields share a bit.
template <class... F>
constexpr bool disjoint() {
    std::uint64_t seen = 0;
    bool ok = true;
    ((ok = ok && !(seen & F::mask), seen |= F::mask), ...);
    return ok;
}

constexpr std::uint64_t bit(unsigned n) { return 1ull << n; }

}  // namespace tiffin
