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
        auto const n = std::min(samples.size(), sums_.size());
        auto const percent = static_cast<std::int32_t>(volume);
        if (volume >= full_volume)
            for_each_of(n, [&](std::size_t i) { sums_[i] += samples[i]; });
        else
            for_each_of(n, [&](std::size_t i) { sums_[i] += samples[i] * percent / static_cast<std::int32_t>(full_volume); });
    }
    /// Hands out the sums, and begins with silence again.
    void take(std::span<Sample> into) {
        using Limits = std::numeric_limits<Sample>;
        for_each_of(std::min(into.size(), sums_.size()), [&](std::size_t i) {
            into[i] = static_cast<Sample>(std::clamp<std::int32_t>(sums_[i], Limits::min(), Limits::max()));
        });
        sums_.fill(0);
    }

private:
    /// Several a round: they are most of what sound costs.
    template <class Do>
    static void for_each_of(std::size_t n, Do one) {
#pragma GCC unroll 8
        for (std::size_t i = 0; i < n; ++i) one(i);
    }

    std::array<std::int32_t, slot_samples> sums_{};
};

}  // namespace tiffin::sound
