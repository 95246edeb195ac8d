// Handing out the board's RAM.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "tool/board/fdt.hpp"

namespace tiffin {

/// Free memory as ascending ranges. Always gives the lowest place that fits.
class FreeRam {
public:
    explicit FreeRam(std::vector<Range> free) : free_{std::move(free)} {}

    /// Takes a given range; false if it is not free.
    bool take_at(Range wanted);
    /// Takes the lowest `size` bytes at or above `floor`; `alignment` is a power of two.
    std::optional<std::uint64_t> take(std::uint64_t size, std::uint64_t alignment, std::uint64_t floor = 0);
    [[nodiscard]] std::uint64_t total() const;
    /// How many bytes from `address` on are free; 0 if it is not.
    [[nodiscard]] std::uint64_t free_at(std::uint64_t address) const;

private:
    void cut(std::size_t index, Range taken);
    std::vector<Range> free_;
};

}  // namespace tiffin
