// Strong addresses: one template, one meaning per world. There is no implicit path between worlds; crossing is a named function.
#pragma once
#include <compare>
#include <cstdint>

namespace tiffin {

template <class World>
class Addr {
public:
    constexpr Addr() = default;
    constexpr explicit Addr(std::uint64_t raw) : raw_{raw} {}
    [[nodiscard]] constexpr std::uint64_t raw() const { return raw_; }
    /// `alignment` is a power of two.
    [[nodiscard]] constexpr bool aligned(std::uint64_t alignment) const { return (raw_ & (alignment - 1)) == 0; }
    [[nodiscard]] constexpr Addr align_down(std::uint64_t alignment) const { return Addr{raw_ & ~(alignment - 1)}; }
    friend constexpr auto operator<=>(Addr, Addr) = default;
    friend constexpr Addr operator+(Addr a, std::uint64_t n) { return Addr{a.raw_ + n}; }
    friend constexpr std::uint64_t operator-(Addr a, Addr b) { return a.raw_ - b.raw_; }

private:
    std::uint64_t raw_{0};
};

using Pa = Addr<struct PhysicalWorld>;       // what stage 2 puts out: real memory and devices
using Ipa = Addr<struct IntermediateWorld>;  // what a guest calls physical
using Gva = Addr<struct GuestVirtualWorld>;  // what a guest's program counter and FAR_EL2 hold

/// True if [at, at + size) lies in [base, base + extent); safe against wrap-around.
template <class World>
constexpr bool contains(Addr<World> base, std::uint64_t extent, Addr<World> at, std::uint64_t size) {
    return at >= base && at - base <= extent && size <= extent - (at - base);
}

constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
    return (value + alignment - 1) & ~(alignment - 1);
}

inline constexpr std::uint64_t page_size = 4096;
inline constexpr std::uint64_t large_page_size = 2ull << 20;

}  // namespace tiffin
