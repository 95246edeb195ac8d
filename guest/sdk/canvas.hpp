// Drawing into memory: rectangles, bars and short texts, clipped to the picture. A pixel is 0x00RRGGBB (virtio 1.2 "GPU Device",
// VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM).
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "guest/sdk/font.hpp"

namespace tiffin::sdk {

using Colour = std::uint32_t;

struct Rect {
    std::int32_t x, y, width, height;  // pixels

    friend constexpr bool operator==(Rect const&, Rect const&) = default;
};

class Canvas {
public:
    /// `pixels`: rows of `width`, `height` of them at least.
    constexpr Canvas(std::span<std::uint32_t> pixels, std::int32_t width, std::int32_t height)
        : pixels_{pixels}, width_{width}, height_{height} {}

    [[nodiscard]] constexpr Rect all() const { return {0, 0, width_, height_}; }

    constexpr void fill(Rect const& where, Colour colour) {
        auto const left = std::clamp(where.x, 0, width_), right = std::clamp(where.x + where.width, left, width_);
        auto const top = std::clamp(where.y, 0, height_), bottom = std::clamp(where.y + where.height, top, height_);
        if (left == right || top == bottom) return;
        auto const wide = static_cast<std::size_t>(width_);
        auto const row = [&](std::int32_t y) {
            return pixels_.subspan(static_cast<std::size_t>(y) * wide + static_cast<std::size_t>(left),
                                   static_cast<std::size_t>(right - left));
        };
        std::ranges::fill(row(top), colour);
        for (auto y = top + 1; y < bottom; ++y) std::ranges::copy(row(top), row(y).begin());  // a copy takes many pixels at once
    }

    /// From its upper left corner on, each dot `scale` pixels wide and high. What is behind the letters stays.
    constexpr void text(std::int32_t x, std::int32_t y, std::string_view words, Colour colour, std::int32_t scale = 1) {
        for (char const letter : words) {
            letter_at(x, y, font::dots_of(letter), colour, scale);
            x += advance * scale;
        }
    }

    /// The part `value` of `full`, from the left; the rest of `where` in `rest`.
    constexpr void bar(Rect const& where, std::uint32_t value, std::uint32_t full, Colour colour, Colour rest) {
        auto const part = full == 0 ? 0 : std::uint64_t{std::min(value, full)} * static_cast<std::uint32_t>(where.width) / full;
        auto const width = static_cast<std::int32_t>(part);
        fill({where.x, where.y, width, where.height}, colour);
        fill({where.x + width, where.y, where.width - width, where.height}, rest);
    }

    /// From one letter to the next, in dots.
    static constexpr std::int32_t advance = font::width + 1;

private:
    constexpr void letter_at(std::int32_t x, std::int32_t y, std::uint64_t dots, Colour colour, std::int32_t scale) {
        for (unsigned i = 0; dots >> i != 0; ++i)
            if ((dots >> i & 1) != 0)
                fill({x + static_cast<std::int32_t>(i % font::width) * scale,
                      y + static_cast<std::int32_t>(i / font::width) * scale, scale, scale},
                     colour);
    }

    std::span<std::uint32_t> pixels_;
    std::int32_t width_, height_;
};

}  // namespace tiffin::sdk
