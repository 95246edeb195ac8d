// The board's screen, as the server sees it: a test has one of its own.
#pragma once
#include <cstdint>
#include <span>

#include "guest/sdk/canvas.hpp"

namespace tiffin::display {

class Output {
public:
    /// Pixels.
    [[nodiscard]] virtual std::int32_t width() const = 0;
    [[nodiscard]] virtual std::int32_t height() const = 0;
    /// Shows `pixels` (0x00RRGGBB) from there on to the right; all of them are on the screen.
    virtual void show(std::int32_t x, std::int32_t y, std::span<std::uint32_t const> pixels) = 0;

protected:
    ~Output() = default;
};

}  // namespace tiffin::display
