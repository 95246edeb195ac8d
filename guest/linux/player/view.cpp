#include "guest/linux/player/view.hpp"

namespace player {

namespace {

constexpr Rect cover{40, 60, 320, 320}, changing{400, 190, 380, 190};

/// A carrier of stacked boxes, held by one handle, before an evening sky.
void draw_cover(Canvas& canvas) {
    for (std::int32_t y = 0; y < cover.height; ++y) {
        auto const part = static_cast<std::uint32_t>(y * 160 / cover.height);
        canvas.fill({cover.x, cover.y + y, cover.width, 1}, (0x30 + part) << 16 | (0x28 + part / 2) << 8 | (0x90 - part / 2));
    }
    constexpr Colour steel = 0xc8'd0'd8, shadow = 0x80'88'98, handle = 0x50'30'18;
    auto const left = cover.x + 80, wide = 160;
    canvas.fill({left - 14, cover.y + 60, 8, 216}, steel);
    canvas.fill({left + wide + 6, cover.y + 60, 8, 216}, steel);
    canvas.fill({left - 14, cover.y + 52, wide + 28, 10}, steel);
    canvas.fill({left + 50, cover.y + 40, 60, 14}, handle);
    for (std::int32_t box = 0; box < 4; ++box) {
        auto const top = cover.y + 76 + box * 50;
        canvas.fill({left, top, wide, 46}, steel);
        canvas.fill({left, top + 40, wide, 6}, shadow);
        canvas.fill({left + wide - 24, top, 10, 46}, 0xe8'f0'f8);
    }
}

std::string_view word_for(State const& state) {
    if (state.paused) return "PAUSED";
    return is_playing(state) ? "PLAYING" : "ENDED";
}

/// Two digits.
void put_two(char* at, std::uint32_t value) {
    at[0] = static_cast<char>('0' + value / 10 % 10);
    at[1] = static_cast<char>('0' + value % 10);
}

}  // namespace

void draw_all(Canvas& canvas, std::string_view title, State const& state) {
    canvas.fill(canvas.all(), paper);
    draw_cover(canvas);
    canvas.text(400, 70, title, ink, 4);
    canvas.text(400, 120, "SEALED VMS ON ONE CORE", rest | 0x80'80'80, 2);
    draw_state(canvas, state);
}

bool is_playing(State const& state) { return !state.paused && (state.length == 0 || state.played < state.length); }

Rect draw_state(Canvas& canvas, State const& state) {
    canvas.fill(changing, paper);
    char clock[] = "00:00:00";
    put_two(clock, state.seconds / 3600), put_two(clock + 3, state.seconds / 60 % 60), put_two(clock + 6, state.seconds % 60);
    canvas.text(changing.x, changing.y, {clock, is_playing(state) ? sizeof clock - 1 : sizeof "00:00" - 1}, ink, 7);
    canvas.bar({changing.x, changing.y + 90, 360, 16}, state.played, state.length, accent, rest);
    char times[] = "00:00 / 00:00";
    put_two(times, state.played / 60), put_two(times + 3, state.played % 60);
    put_two(times + 8, state.length / 60), put_two(times + 11, state.length % 60);
    canvas.text(changing.x, changing.y + 120, {times, sizeof times - 1}, ink, 3);
    canvas.text(changing.x, changing.y + 155, word_for(state), accent, 3);
    return changing;
}

void draw_pointer(Canvas& canvas) {
    constexpr Colour opaque = 0xff'00'00'00, border = opaque, inside = opaque | ink;
    canvas.fill(canvas.all(), 0);
    for (std::int32_t row = 0; row < pointer_height; ++row) {
        auto const wide = row < pointer_height * 2 / 3 ? row + 1 : 2 * (pointer_height - row);
        canvas.fill({0, row, wide, 1}, border);
        if (wide > 2) canvas.fill({1, row, wide - 2, 1}, inside);
    }
}

}  // namespace player
