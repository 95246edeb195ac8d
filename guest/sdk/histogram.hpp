// Latencies in little memory: 16 buckets an octave, so a percentile read back is at most 1/16 too high, and small values are
// exact.
#pragma once
#include <array>
#include <bit>
#include <cstdint>

namespace tiffin::sdk {

class Histogram {
public:
    static constexpr unsigned octaves = 36, per_octave = 16;  // up to 2^39: nine minutes in nanoseconds; above lands in the last

    constexpr void add(std::uint64_t value) {
        ++buckets_[index(value)];
        ++count_;
        sum_ += value;
        min_ = value < min_ ? value : min_;
        max_ = value > max_ ? value : max_;
    }

    [[nodiscard]] constexpr std::uint64_t count() const { return count_; }
    /// 0 while nothing was added.
    [[nodiscard]] constexpr std::uint64_t min() const { return count_ == 0 ? 0 : min_; }
    [[nodiscard]] constexpr std::uint64_t max() const { return max_; }
    [[nodiscard]] constexpr std::uint64_t average() const { return count_ == 0 ? 0 : sum_ / count_; }

    /// The value that `percent` (1..100) of all values do not exceed: the upper end of its bucket, never above max().
    [[nodiscard]] constexpr std::uint64_t percentile(unsigned percent) const {
        auto const rank = (count_ * percent + 99) / 100;
        std::uint64_t seen = 0;
        for (unsigned i = 0; i < buckets_.size(); ++i)
            if ((seen += buckets_[i]) >= rank) return upper(i) < max_ ? upper(i) : max_;
        return max_;
    }

    /// How many values lie in [2^octave, 2^(octave+1)); octave 0 includes 0.
    [[nodiscard]] constexpr std::uint64_t in_octave(unsigned octave) const {
        std::uint64_t total = 0;
        for (unsigned i = 0; i < buckets_.size(); ++i) {
            auto const low = lower(i);
            if ((low == 0 ? 0u : static_cast<unsigned>(std::bit_width(low)) - 1) == octave) total += buckets_[i];
        }
        return total;
    }

private:
    /// Values below 16 have a bucket each; above, the four bits behind the leading one choose the bucket of its octave.
    static constexpr unsigned index(std::uint64_t value) {
        if (value < per_octave) return static_cast<unsigned>(value);
        auto const shift = static_cast<unsigned>(std::bit_width(value)) - 5;
        auto const at = (shift + 1) * per_octave + static_cast<unsigned>(value >> shift) % per_octave;
        return at < octaves * per_octave ? at : octaves * per_octave - 1;
    }
    static constexpr std::uint64_t lower(unsigned i) {
        return i < per_octave ? i : std::uint64_t{per_octave + i % per_octave} << (i / per_octave - 1);
    }
    static constexpr std::uint64_t upper(unsigned i) { return lower(i + 1) - 1; }

    std::array<std::uint32_t, octaves * per_octave> buckets_{};
    std::uint64_t count_{0}, sum_{0}, min_{~0ull}, max_{0};
};

}  // namespace tiffin::sdk
