// What the handheld's player shows: a cover, the song's name, a clock, and how far the song has come. Pure drawing.
#pragma once
#include <cstdint>
#include <string_view>

#include "guest/sdk/canvas.hpp"

namespace player {

using tiffin::sdk::Canvas, tiffin::sdk::Colour, tiffin::sdk::Rect;

inline constexpr Colour paper = 0x18'18'20, ink = 0xf0'f0'f0, accent = 0xf0'a0'20, rest = 0x40'40'48;

struct State {
    std::uint32_t seconds{0};            // of the clock
    std::uint32_t played{0}, length{0};  // seconds of the song
    bool paused{false};
};

/// Everything, once.
void draw_all(Canvas& canvas, std::string_view title, State const& state);
/// What changes from second to second. The part that it drew on.
Rect draw_state(Canvas& canvas, State const& state);

}  // namespace player
