#include "guest/linux/player/measure.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <linux/input.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vector>

#include "guest/linux/player/drm_screen.hpp"
#include "guest/linux/player/view.hpp"

namespace player {

namespace {

std::int64_t now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

/// A kernel whose buffer is what the board shows has nothing to be told: it knows no such call.
bool shown(DrmScreen const& screen, Rect const& where) { return screen.show(where) || errno == ENOSYS; }

template <class Draw>
bool measure_one(char const* name, int times, DrmScreen const& screen, Draw draw) {
    auto canvas = screen.canvas();
    Rect where = draw(canvas);
    if (!shown(screen, where)) return false;
    auto const before = now();
    for (int n = 0; n < times; ++n)
        if (where = draw(canvas); !shown(screen, where)) return false;
    auto const each = (now() - before) / times;
    std::printf("player: measure: %s ns=%lld pixels=%d\n", name, static_cast<long long>(each), where.width * where.height);
    return true;
}

/// From when the kernel was told of the key until the pixels that it changes are shown. Keys come from outside, one at a time.
bool measure_keys(int presses, DrmScreen const& screen) {
    int const keys = open("/dev/input/event0", O_RDONLY | O_CLOEXEC);
    int clock = CLOCK_MONOTONIC;
    if (keys < 0 || ioctl(keys, EVIOCSCLOCKID, &clock) != 0) return false;
    std::printf("player: measure: press %d keys\n", presses);
    auto canvas = screen.canvas();
    input_event event{};
    while (presses != 0 && read(keys, &event, sizeof event) == sizeof event) {
        if (event.type != EV_KEY || event.value != 1) continue;
        Rect const small{16, 16, 64, 32};
        canvas.fill(small, static_cast<Colour>(0x10101 * presses--));
        if (!shown(screen, small)) return false;
        auto const pressed = event.input_event_sec * 1'000'000'000 + event.input_event_usec * 1'000;
        std::printf("player: measure: key ns=%lld\n", static_cast<long long>(now() - pressed));
    }
    return presses == 0;
}

}  // namespace

int measure(int times, int presses) {
    DrmScreen screen;
    if (auto const why = screen.open("/dev/dri/card0"); !why.empty())
        return std::printf("player: measure: the screen: %s\n", why.c_str()), 1;
    State state{.length = 120};
    std::vector<std::uint32_t> const ready(screen.pixels().size(), paper);
    bool done = times > 0 &&
                measure_one("draw", times, screen,
                            [&](Canvas& canvas) {
                                ++state.seconds;
                                return draw_all(canvas, "THE WALK HOME", state), canvas.all();
                            }) &&
                measure_one("copy", times, screen,
                            [&](Canvas& canvas) {
                                return std::memcpy(screen.pixels().data(), ready.data(), 4 * ready.size()), canvas.all();
                            }) &&
                measure_one("clock", times, screen,
                            [&](Canvas& canvas) { return ++state.seconds, ++state.played, draw_state(canvas, state); }) &&
                measure_one("small", times, screen, [&](Canvas& canvas) {
                    Rect const small{16, 16, 64, 32};
                    return canvas.fill(small, static_cast<Colour>(++state.seconds)), small;
                });
    if (!done) std::printf("player: measure: the screen takes nothing\n");
    if (done && presses > 0 && !measure_keys(presses, screen)) done = (std::printf("player: measure: no keys\n"), false);
    return done ? 0 : 1;
}

}  // namespace player
