// Who is seen where. Each client has one window, which neither moves nor goes away: what of a window is seen never changes, and a client
// that draws can only touch what is its own. Windows on top lie above the others; of the rest, later ones lie above earlier ones.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "guest/sdk/canvas.hpp"

namespace tiffin::display {

using sdk::Rect;

/// What both have; nothing of a size below 1 if they have nothing.
constexpr Rect common(Rect const& a, Rect const& b) {
    auto const left = std::max(a.x, b.x), top = std::max(a.y, b.y);
    return {left, top, std::min(a.x + a.width, b.x + b.width) - left, std::min(a.y + a.height, b.y + b.height) - top};
}
constexpr bool is_empty(Rect const& r) { return r.width <= 0 || r.height <= 0; }

class Layout {
public:
    static constexpr std::size_t max_windows = 8;

    /// On a screen of that size. Places beyond its edges are cut; windows without a size have all of it.
    constexpr Layout(std::int32_t width, std::int32_t height) : screen_{0, 0, width, height} {}

    /// The next window. False: there are max_windows.
    constexpr bool add(Rect const& place, bool on_top) {
        if (count_ == max_windows) return false;
        windows_[count_++] = {is_empty(place) ? screen_ : place, on_top};
        return true;
    }

    [[nodiscard]] constexpr std::size_t count() const { return count_; }
    /// As the client was told, maybe beyond the screen's edges.
    [[nodiscard]] constexpr Rect place(std::size_t window) const { return windows_[window].place; }

    /// Calls `show(first, last)` for each piece of the line `y` of the screen, between `from` and `to`, in which `window` is seen.
    template <class Show>
    constexpr void seen(std::size_t window, std::int32_t y, std::int32_t from, std::int32_t to, Show show) const {
        auto const line = common(common(windows_[window].place, screen_), {from, y, to - from, 1});
        for (auto x = line.x; !is_empty(line) && x < line.x + line.width;) {
            auto const covered = covered_up_to(window, x, y);
            if (covered > x) {
                x = covered;
                continue;
            }
            auto const end = std::min(free_up_to(window, x, y), line.x + line.width);
            show(x, end);
            x = end;
        }
    }

    /// Does nobody lie above `window` in `where`, of the screen?
    [[nodiscard]] constexpr bool is_free(std::size_t window, Rect const& where) const {
        for (std::size_t other = 0; other < count_; ++other)
            if (is_above(other, window) && !is_empty(common(windows_[other].place, where))) return false;
        return true;
    }

    /// Is all of `where`, of the screen, seen of `window`?
    [[nodiscard]] constexpr bool sees_all(std::size_t window, Rect const& where) const {
        std::int32_t pixels = 0;
        for (auto y = where.y; y < where.y + where.height; ++y)
            seen(window, y, where.x, where.x + where.width,
                 [&](std::int32_t first, std::int32_t last) { pixels += last - first; });
        return pixels == where.width * where.height;
    }

private:
    struct Window {
        Rect place{};
        bool on_top{false};
    };

    [[nodiscard]] constexpr bool is_above(std::size_t other, std::size_t window) const {
        auto const &a = windows_[other], &b = windows_[window];
        return a.on_top != b.on_top ? a.on_top : other > window;
    }
    [[nodiscard]] constexpr bool crosses(std::size_t other, std::int32_t y) const {
        auto const& place = windows_[other].place;
        return y >= place.y && y < place.y + place.height;
    }
    /// The right edge of whoever covers (x, y); x if nobody does.
    [[nodiscard]] constexpr std::int32_t covered_up_to(std::size_t window, std::int32_t x, std::int32_t y) const {
        for (std::size_t other = 0; other < count_; ++other) {
            auto const& place = windows_[other].place;
            if (is_above(other, window) && crosses(other, y) && x >= place.x && x < place.x + place.width)
                return place.x + place.width;
        }
        return x;
    }
    /// The left edge of whoever comes next.
    [[nodiscard]] constexpr std::int32_t free_up_to(std::size_t window, std::int32_t x, std::int32_t y) const {
        auto end = screen_.width;
        for (std::size_t other = 0; other < count_; ++other)
            if (is_above(other, window) && crosses(other, y) && windows_[other].place.x > x)
                end = std::min(end, windows_[other].place.x);
        return end;
    }

    Rect screen_;
    std::array<Window, max_windows> windows_{};
    std::size_t count_{0};
};

}  // namespace tiffin::display
