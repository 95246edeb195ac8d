// Short sounds of an app's own, frame by frame, in whole numbers, so that a test can tell each sample: 48 kHz, the same on both sides.
//
//   std::array<std::int16_t, Speaker::period_samples> period;
//   tones::fill(period, 0, tones::click);   speaker.play(period);
#pragma once
#include <cstdint>
#include <span>

namespace tiffin::sdk::tones {

/// A square wave that changes its sign every `half` frames, `loud` at its start, or `loud` below 0.
constexpr std::int16_t square(std::uint32_t frame, std::uint32_t half, std::int32_t loud) {
    return static_cast<std::int16_t>(frame / half % 2 == 0 ? loud : -loud);
}

/// 1 kHz that dies away in 10 ms; silence behind it.
inline constexpr std::uint32_t click_frames = 480;
inline constexpr std::int32_t click_loud = 16000;
constexpr std::int16_t click(std::uint32_t frame) {
    if (frame >= click_frames) return 0;
    auto const left = static_cast<std::int32_t>(click_frames - frame);
    return square(frame, 24, click_loud * left / static_cast<std::int32_t>(click_frames));
}
static_assert(click(0) == 16000 && click(24) == -15200 && click(479) == -33 && click(480) == 0);

/// An alarm: 1000 Hz and 800 Hz in turns of a quarter of a second, for as long as it is played.
inline constexpr std::uint32_t alarm_turn = 12000;
inline constexpr std::int32_t alarm_loud = 12000;
constexpr std::int16_t alarm(std::uint32_t frame) {
    return square(frame % alarm_turn, frame / alarm_turn % 2 == 0 ? 24 : 30, alarm_loud);
}
static_assert(alarm(0) == 12000 && alarm(24) == -12000 && alarm(alarm_turn + 24) == 12000 && alarm(alarm_turn + 30) == -12000);

/// `samples`, left and right in turns, from `first` of the tone's frames on.
constexpr void fill(std::span<std::int16_t> samples, std::uint32_t first, std::int16_t (*tone)(std::uint32_t)) {
    for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = tone(first + static_cast<std::uint32_t>(i / 2));
}

}  // namespace tiffin::sdk::tones
