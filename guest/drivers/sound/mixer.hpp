// The sum of what the clients play, each as loud as its volume. One client alone at 100 percent is heard as it is, bit by bit; louder than
// 16 bits is the loudest there is.
#pragma once
#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include "guest/drivers/sound/output.hpp"

namespace tiffin::sound {

/// In percent: louder than its samples say is nobody.
inline constexpr std::uint32_t full_volume = 100;

class Mixer {
public:
    /// `volume`: percent, 100 at most. Each sample is sample * volume / 100, rounded toward 0. Of 64 clients no sum overflows.
    void add(std::span<Sample const> samples, std::uint32_t volume = full_volume) {
        auto const percent = static_cast<std::int32_t>(std::min(volume, full_volume));
        for (std::size_t i = 0; i < std::min(samples.size(), sums_.size()); ++i)
            sums_[i] += samples[i] * percent / static_cast<std::int32_t>(full_volume);
    }
    /// Hands out the sums, and begins with silence again.
    void take(std::span<Sample> into) {
        using Limits = std::numeric_limits<Sample>;
        for (std::size_t i = 0; i < std::min(into.size(), sums_.size()); ++i)
            into[i] = static_cast<Sample>(std::clamp<std::int32_t>(sums_[i], Limits::min(), Limits::max()));
        sums_.fill(0);
    }

private:
    std::array<std::int32_t, slot_samples> sums_{};
};

}  // namespace tiffin::sound
