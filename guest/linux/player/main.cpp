// The handheld's player, on Linux: shows a cover and a running clock, as large as the screen is, and lets keys pause the song and move a
// pointer. `player TITLE SECONDS [SONG HEARD]`: the song's name and length, and the processes that decode it (the space bar stops that one
// and lets it go on) and play it (when that one ends the song has); 0 for SONG: nothing plays. `player --measure TIMES PRESSES`: what
// updates cost, for the benchmark.
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <string>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "guest/linux/player/drm_screen.hpp"
#include "guest/linux/player/measure.hpp"
#include "guest/linux/player/uevents.hpp"
#include "guest/linux/player/view.hpp"

namespace {

std::uint32_t uptime() {
    struct sysinfo info{};
    return sysinfo(&info) == 0 ? static_cast<std::uint32_t>(info.uptime) : 0;
}

/// By how far a key moves the pointer; none for all other keys.
struct Step {
    std::int32_t x{0}, y{0};
};
Step step_of(unsigned key) {
    constexpr std::int32_t far = 20;
    switch (key) {
        case KEY_LEFT: return {-far, 0};
        case KEY_RIGHT: return {far, 0};
        case KEY_UP: return {0, -far};
        case KEY_DOWN: return {0, far};
        default: return {};
    }
}

class Player {
public:
    /// `song`: who decodes it, or 0; `heard`: who plays it, and ends when all of it was.
    Player(std::string title, std::uint32_t length, pid_t song, pid_t heard)
        : title_{std::move(title)}, song_{song}, heard_{heard} {
        state_.length = length;
        state_.paused = song == 0;
    }

    int run() {
        if (auto const why = screen_.open("/dev/dri/card0"); !why.empty())
            return std::printf("player: the screen: %s\n", why.c_str()), 1;
        state_.seconds = uptime();
        // Before it says that it is there: a key that nobody reads is lost.
        std::array<pollfd, 4> waits{pollfd{timer_, POLLIN, 0},
                                    pollfd{::open("/dev/input/event0", O_RDONLY | O_CLOEXEC), POLLIN, 0},
                                    pollfd{heard_ > 0 ? static_cast<int>(syscall(SYS_pidfd_open, heard_, 0)) : -1, POLLIN, 0},
                                    pollfd{uevents_.file(), POLLIN, 0}};
        if (!show_all()) return 1;
        wait_for_the_next_change();
        while (poll(waits.data(), waits.size(), -1) > 0) {
            bool const played = player::is_playing(state_);
            if ((waits[0].revents & POLLIN) != 0) tick();
            if ((waits[1].revents & POLLIN) != 0) read_keys(waits[1].fd);
            if ((waits[1].revents & (POLLERR | POLLHUP)) != 0) waits[1].fd = -1;  // no keys any more: the clock goes on
            if ((waits[2].revents & POLLIN) != 0) state_.played = state_.length, waits[2].fd = -1;
            if ((waits[3].revents & POLLIN) != 0 && uevents_.take()) follow();
            if (player::is_playing(state_) != played) wait_for_the_next_change();
            auto canvas = screen_.canvas();
            if (!screen_.show(player::draw_state(canvas, state_))) std::printf("player: a second was not shown\n");
        }
        return 1;
    }

private:
    bool show_all() {
        auto canvas = screen_.canvas();
        player::draw_all(canvas, title_, state_);
        if (!screen_.show(canvas.all()))
            return std::printf("player: the screen takes nothing: %s\n", std::strerror(errno)), false;
        std::printf("player: %d by %d pixels shown\n", canvas.all().width, canvas.all().height);
        return true;
    }

    /// The screen may have another size now.
    void follow() {
        auto const before = screen_.canvas().all();
        if (auto const why = screen_.follow(); !why.empty()) return std::printf("player: the screen: %s\n", why.c_str()), void();
        if (screen_.canvas().all() != before) show_all();
    }

    /// While nothing plays there is none for up to a minute, and nothing wakes the processor.
    void wait_for_the_next_change() const {
        itimerspec each{{1, 0}, {1, 0}};
        if (!player::is_playing(state_)) each = {{60, 0}, {60 - static_cast<time_t>(uptime() % 60), 0}};
        timerfd_settime(timer_, 0, &each, nullptr);
    }

    void tick() {
        std::uint64_t times = 0;
        if (read(timer_, &times, sizeof times) != sizeof times) return;
        state_.seconds = uptime();
        // Its last second is over when nobody plays it any more, if that can be seen.
        auto const most = heard_ > 0 && state_.length != 0 ? state_.length - 1 : state_.length;
        if (player::is_playing(state_) && state_.played < most) state_.played += static_cast<std::uint32_t>(times);
    }

    void read_keys(int keys) {
        input_event event{};
        if (read(keys, &event, sizeof event) != sizeof event || event.type != EV_KEY || event.value == 0) return;
        if (auto const step = step_of(event.code); step.x != 0 || step.y != 0) return point(step);
        if (event.value != 1) return;
        std::printf("player: key %u\n", static_cast<unsigned>(event.code));
        if (event.code != KEY_SPACE || song_ <= 0) return;
        state_.paused = !state_.paused;
        kill(song_, state_.paused ? SIGSTOP : SIGCONT);
    }

    /// From the middle of the screen, where the first such key shows it.
    void point(Step const& by) {
        auto const all = screen_.canvas().all();
        if (pointer_.x < 0) {
            pointer_ = {all.width / 2, all.height / 2};
            if (auto const why = screen_.make_pointer(player::draw_pointer); !why.empty())
                return std::printf("player: the pointer: %s\n", why.c_str()), void();
        }
        pointer_ = {std::clamp(pointer_.x + by.x, 0, all.width - 1), std::clamp(pointer_.y + by.y, 0, all.height - 1)};
        if (screen_.move_pointer(pointer_.x, pointer_.y)) std::printf("player: pointer at %d,%d\n", pointer_.x, pointer_.y);
    }

    std::string title_;
    pid_t song_, heard_;
    int timer_{timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)};
    player::State state_{};
    Step pointer_{-1, -1};
    player::DrmScreen screen_;
    player::Uevents uevents_;
};

}  // namespace

int main(int count, char** arguments) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    if (count == 4 && std::strcmp(arguments[1], "--measure") == 0)
        return player::measure(std::atoi(arguments[2]), std::atoi(arguments[3]));
    if (count < 3)
        return std::fprintf(stderr, "usage: player TITLE SECONDS [SONG HEARD]\n       player --measure TIMES PRESSES\n"), 2;
    auto const number = [&](int at, int otherwise) { return count > at ? std::atoi(arguments[at]) : otherwise; };
    return Player{arguments[1], static_cast<std::uint32_t>(number(2, 0)), number(3, -1), number(4, -1)}.run();
}
