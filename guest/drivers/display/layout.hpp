// Who is seen where. Each client has one window, where its description says: what of it is seen does not change, and a client that draws
// can only touch what is its own. Windows on top lie above the others; of the rest, later ones lie above earlier ones. One of those can be
// enlarged for a while: then it has the most of the screen that the windows on top leave, above all but them.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

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
    /// The number of what lies below all windows, and is as large as the screen: nobody's.
    static constexpr std::size_t floor = max_windows;

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
    [[nodiscard]] constexpr Rect place(std::size_t window) const {
        if (window == floor) return screen_;
        return window == enlarged_ ? large_ : windows_[window].place;
    }

    /// Where the description has it.
    [[nodiscard]] constexpr Rect home(std::size_t window) const { return windows_[window].place; }

    /// One window at a time; `floor`: none is. False, and all is as it was: it lies on top, or windows on top leave nothing.
    constexpr bool enlarge(std::size_t window) {
        auto const large = largest_free();
        if (window != floor && (windows_[window].on_top || is_empty(large))) return false;
        enlarged_ = window, large_ = large;
        return true;
    }
    /// `floor`: none.
    [[nodiscard]] constexpr std::size_t enlarged() const { return enlarged_; }

    /// Calls `show(first, last)` for each piece of the line `y` of the screen, between `from` and `to`, in which `window` is seen.
    template <class Show>
    constexpr void seen(std::size_t window, std::int32_t y, std::int32_t from, std::int32_t to, Show show) const {
        auto const line = common(common(place(window), screen_), {from, y, to - from, 1});
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
            if (is_above(other, window) && !is_empty(common(place(other), where))) return false;
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
    template <std::size_t most>
    struct Edges {
        std::array<std::int32_t, most> at{};
        std::size_t count{0};
        constexpr void add(std::int32_t from, std::int32_t size) { at[count++] = from, at[count++] = from + size; }
        [[nodiscard]] constexpr std::span<std::int32_t const> all() const { return std::span{at}.first(count); }
    };

    [[nodiscard]] constexpr bool is_above(std::size_t other, std::size_t window) const {
        if (window == floor) return true;
        auto const &a = windows_[other], &b = windows_[window];
        if (a.on_top != b.on_top) return a.on_top;
        return window != enlarged_ && (other == enlarged_ || other > window);
    }
    [[nodiscard]] constexpr bool crosses(std::size_t other, std::int32_t y) const {
        auto const its = place(other);
        return y >= its.y && y < its.y + its.height;
    }
    /// The right edge of whoever covers (x, y); x if nobody does.
    [[nodiscard]] constexpr std::int32_t covered_up_to(std::size_t window, std::int32_t x, std::int32_t y) const {
        for (std::size_t other = 0; other < count_; ++other) {
            auto const its = place(other);
            if (is_above(other, window) && crosses(other, y) && x >= its.x && x < its.x + its.width) return its.x + its.width;
        }
        return x;
    }
    /// The left edge of whoever comes next.
    [[nodiscard]] constexpr std::int32_t free_up_to(std::size_t window, std::int32_t x, std::int32_t y) const {
        auto end = screen_.width;
        for (std::size_t other = 0; other < count_; ++other)
            if (is_above(other, window) && crosses(other, y) && place(other).x > x) end = std::min(end, place(other).x);
        return end;
    }

    /// Of the screen, where nothing lies on top; of equal ones the first. Its edges are the screen's, or of a window on top.
    [[nodiscard]] constexpr Rect largest_free() const {
        Edges<2 * max_windows + 2> across, down;
        across.add(screen_.x, screen_.width), down.add(screen_.y, screen_.height);
        for (auto const& window : windows())
            if (window.on_top) {
                auto const seen = common(window.place, screen_);
                if (!is_empty(seen)) across.add(seen.x, seen.width), down.add(seen.y, seen.height);
            }
        Rect best{};
        for (auto const top : down.all())
            for (auto const bottom : down.all())
                for (auto const left : across.all())
                    for (auto const right : across.all()) {
                        Rect const one{left, top, right - left, bottom - top};
                        if (!is_empty(one) && one.width * one.height > best.width * best.height && nothing_on_top(one))
                            best = one;
                    }
        return best;
    }
    [[nodiscard]] constexpr bool nothing_on_top(Rect const& where) const {
        for (auto const& window : windows())
            if (window.on_top && !is_empty(common(window.place, where))) return false;
        return true;
    }
    [[nodiscard]] constexpr std::span<Window const> windows() const { return std::span{windows_}.first(count_); }

    Rect screen_;
    std::array<Window, max_windows> windows_{};
    std::size_t count_{0};
    std::size_t enlarged_{floor};
    Rect large_{};
};

}  // namespace tiffin::display
