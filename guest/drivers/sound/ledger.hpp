// What became of a client's stream since it started: was it whole, and how near was it to a gap?
#pragma once
#include <algorithm>
#include <cstdint>

#include "guest/drivers/sound/output.hpp"

namespace tiffin::sound {

class Ledger {
public:
    /// One more slot of a stream that runs: it had `bytes` for it, and the card was `early` bytes away from it.
    void add(std::size_t bytes, std::uint64_t early) {
        if (bytes == 0 && slots_ == 0) return;  // not begun
        if (bytes != 0) {
            underruns_ += short_;
            ++slots_;
            least_early_ = std::min(least_early_, early);
        }
        short_ = bytes < slot_bytes;
    }
    /// With samples in them.
    [[nodiscard]] std::uint64_t slots() const { return slots_; }
    /// How often it ran out of samples, and went on later. What ends is no underrun.
    [[nodiscard]] std::uint64_t underruns() const { return underruns_; }
    /// The least of all slots, in whole milliseconds.
    [[nodiscard]] std::uint64_t early_ms() const { return least_early_ / (frames_per_second / 1000 * frame_bytes); }

private:
    std::uint64_t slots_{0}, underruns_{0}, least_early_{latency_bytes};
    bool short_{false};
};

}  // namespace tiffin::sound
