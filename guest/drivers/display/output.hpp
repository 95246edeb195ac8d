// The board's screen, as the server sees it: a test has one of its own.
#pragma once
#include <cstdint>
#include <span>

#include "guest/sdk/canvas.hpp"

namespace tiffin::display {

class Output {
public:
    /// Pixels that are best written together: those of 16 bytes.
    static constexpr std::int32_t together = 4;
    /// Pixels.
    [[nodiscard]] virtual std::int32_t width() const = 0;
    [[nodiscard]] virtual std::int32_t height() const = 0;
    /// Shows `pixels` (0x00RRGGBB), row by row, in `where`; all of it is on the screen.
    virtual void show(sdk::Rect const& where, std::span<std::uint32_t const> pixels) = 0;

protected:
    ~Output() = default;
};

}  // namespace tiffin::display
