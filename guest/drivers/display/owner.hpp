// Whose a window is, drawn over it: all of it in a colour of its own, a frame, and the client's name and the window's place in letters.
//
// Below it a client's pixels have at most half of their brightness, so no client can draw what looks like the letters.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "guest/sdk/canvas.hpp"

namespace tiffin::display {

using sdk::Canvas, sdk::Colour, sdk::Rect;

class Owner {
public:
    static constexpr std::int32_t frame = 3, margin = 4;  // pixels
    static constexpr Colour ink = 0xff'ff'ff, behind = 0;
    /// By the number of a window.
    static constexpr std::array<Colour, 8> colours{0xe0'40'40, 0x40'c0'40, 0x40'80'ff, 0xe0'c0'40,
                                                   0xc0'40'e0, 0x40'd0'd0, 0xff'80'40, 0xa0'a0'a0};

    constexpr Owner() = default;
    /// `name`: of the client; `place`: of its window on the screen.
    constexpr Owner(std::size_t number, std::string_view name, Rect const& place)
        : colour_{colours[number % colours.size()]}, place_{place} {
        say(name), say(" "), say_number(place.width), say("x"), say_number(place.height), say("+"), say_number(place.x), say("+"),
            say_number(place.y);
        if (wide() > place_.width) scale_ = 1;
    }

    [[nodiscard]] constexpr std::string_view words() const { return {words_.data(), length_}; }
    /// What the letters need.
    [[nodiscard]] constexpr std::int32_t wide() const {
        return static_cast<std::int32_t>(length_) * Canvas::advance * scale_ + 2 * margin;
    }
    [[nodiscard]] constexpr std::int32_t high() const {
        return static_cast<std::int32_t>(sdk::font::height) * scale_ + 2 * margin;
    }
    /// Where in the window they go: the upper left corner of them.
    constexpr void put_letters(std::int32_t x, std::int32_t y) { x_ = x, y_ = y; }

    /// `part`: of the window; its pixels are those of `canvas`.
    constexpr void draw(Canvas& canvas, std::span<std::uint32_t> pixels, Rect const& part) const {
        for (auto& pixel : pixels) pixel = half(pixel) + half(colour_);
        auto const fill = [&](Rect const& where, Colour colour) {
            canvas.fill({where.x - part.x, where.y - part.y, where.width, where.height}, colour);
        };
        fill({x_, y_, wide(), high()}, behind);
        fill({0, 0, place_.width, frame}, colour_), fill({0, place_.height - frame, place_.width, frame}, colour_);
        fill({0, 0, frame, place_.height}, colour_), fill({place_.width - frame, 0, frame, place_.height}, colour_);
        canvas.text(x_ + margin - part.x, y_ + margin - part.y, words(), ink, scale_);
    }

    static constexpr Colour half(Colour colour) { return colour >> 1 & 0x7f'7f'7f; }

private:
    constexpr void say(std::string_view more) {
        for (char const letter : more)
            if (length_ < words_.size()) words_[length_++] = letter;
    }
    constexpr void say_number(std::int32_t value) {
        if (value < 0) return say("-"), say_number(-value);
        if (value >= 10) say_number(value / 10);
        char const digit = static_cast<char>('0' + value % 10);
        say({&digit, 1});
    }

    Colour colour_{};
    Rect place_{};
    std::int32_t x_{0}, y_{0}, scale_{2};  // of a letter's dot: the larger one, where the window has room for it
    std::array<char, 64> words_{};
    std::size_t length_{0};
};

}  // namespace tiffin::display
