// Where mixed sound goes: a ring of slots that a card plays one after the other, until it is told to rest.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace tiffin::sound {

/// All there is: 48 kHz, stereo, 16 bits, left first.
using Sample = std::int16_t;
inline constexpr std::size_t channels = 2, frame_bytes = channels * sizeof(Sample);
inline constexpr std::uint32_t frames_per_second = 48000;

/// 10 ms: how often the card's clock is heard.
inline constexpr std::size_t slot_frames = 480, slot_samples = slot_frames * channels, slot_bytes = slot_frames * frame_bytes;
inline constexpr std::size_t slots = 4;
/// What is heard before that which follows the slot that was filled last.
inline constexpr std::uint32_t latency_bytes = slots * slot_bytes;

class Output {
public:
    /// The next slot that the card has played, to be filled by who asks: slot_samples; or none. At rest, each slot once.
    virtual std::span<Sample> next() = 0;
    /// Plays what has been filled, from the first slot on, and then goes round. Nothing if it does so already.
    virtual void play() = 0;
    /// Plays nothing, and takes no turn of anybody's.
    virtual void rest() = 0;
    /// Bytes that the card had still to play before the slot that next() gave last.
    [[nodiscard]] virtual std::uint64_t early() const = 0;
    /// Slots that the card played again, since nobody had filled them in time.
    [[nodiscard]] virtual std::uint64_t late() const = 0;

protected:
    ~Output() = default;
};

}  // namespace tiffin::sound
