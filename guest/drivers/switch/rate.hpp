// So many units a second, and a burst of a tenth of them.
#pragma once
#include <algorithm>
#include <cstdint>

namespace tiffin::net_switch {

class Rate {
public:
    /// 0 a second: no limit. `hz`: ticks a second.
    constexpr Rate(std::uint64_t per_second, std::uint64_t hz) : per_second_{per_second}, hz_{hz}, left_{burst()} {}
    constexpr Rate() = default;

    /// Takes `units` if they are there. What came back since the last time is counted first.
    constexpr bool take(std::uint64_t units, std::uint64_t now) {
        if (per_second_ == 0) return true;
        // A second fills it ten times over: no more than that is multiplied.
        auto const back = std::min(now - last_, hz_) * per_second_ / hz_;
        if (back != 0) {
            left_ = std::min(left_ + back, burst());
            last_ = now;
        }
        if (units > left_) return false;
        left_ -= units;
        return true;
    }

private:
    [[nodiscard]] constexpr std::uint64_t burst() const { return std::max<std::uint64_t>(per_second_ / 10, 1); }

    std::uint64_t per_second_{0}, hz_{1}, left_{0}, last_{0};
};

}  // namespace tiffin::net_switch
