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

[[nodiscard]] bool is_playing(State const& state);

/// Everything, once.
void draw_all(Canvas& canvas, std::string_view title, State const& state);
/// What changes from second to second, or from minute to minute: a clock has no seconds while nothing plays. The part that it drew on.
Rect draw_state(Canvas& canvas, State const& state);

inline constexpr std::int32_t pointer_height = 24;
/// An arrow whose tip is the corner; with alpha above the colour, and nothing beside it.
void draw_pointer(Canvas& canvas);

}  // namespace player
