// The handheld's player, on Linux: shows a cover and a running clock, and lets keys pause the song. `player TITLE SECONDS [PID]`: the song's
// name and length, and the process that plays it: the space bar stops it and lets it go on. `player --measure TIMES PRESSES`: what updates cost, for
// the benchmark.
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
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "guest/linux/player/drm_screen.hpp"
#include "guest/linux/player/measure.hpp"
#include "guest/linux/player/view.hpp"

namespace {

std::uint32_t uptime() {
    struct sysinfo info{};
    return sysinfo(&info) == 0 ? static_cast<std::uint32_t>(info.uptime) : 0;
}

class Player {
public:
    Player(std::string title, std::uint32_t length, pid_t song) : title_{std::move(title)}, song_{song} {
        state_.length = length;
    }

    int run() {
        if (auto const why = screen_.open("/dev/dri/card0"); !why.empty())
            return std::printf("player: the screen: %s\n", why.c_str()), 1;
        auto canvas = screen_.canvas();
        state_.seconds = uptime();
        player::draw_all(canvas, title_, state_);
        if (!screen_.show(canvas.all())) return std::printf("player: the screen takes nothing: %s\n", std::strerror(errno)), 1;
        std::array<pollfd, 2> waits{pollfd{every_second(), POLLIN, 0},
                                    pollfd{::open("/dev/input/event0", O_RDONLY | O_CLOEXEC), POLLIN, 0}};
        std::printf("player: %d by %d pixels shown\n", canvas.all().width, canvas.all().height);
        while (poll(waits.data(), waits.size(), -1) > 0) {
            if ((waits[0].revents & POLLIN) != 0) tick(waits[0].fd);
            if ((waits[1].revents & POLLIN) != 0) read_keys(waits[1].fd);
            if ((waits[1].revents & (POLLERR | POLLHUP)) != 0) waits[1].fd = -1;  // no keys any more: the clock goes on
            if (!screen_.show(player::draw_state(canvas, state_))) std::printf("player: a second was not shown\n");
        }
        return 1;
    }

private:
    static int every_second() {
        int const timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
        itimerspec const each{{1, 0}, {1, 0}};
        timerfd_settime(timer, 0, &each, nullptr);
        return timer;
    }

    void tick(int timer) {
        std::uint64_t times = 0;
        if (read(timer, &times, sizeof times) != sizeof times) return;
        state_.seconds = uptime();
        if (!state_.paused && state_.played < state_.length) state_.played += static_cast<std::uint32_t>(times);
    }

    void read_keys(int keys) {
        input_event event{};
        if (read(keys, &event, sizeof event) != sizeof event || event.type != EV_KEY || event.value != 1) return;
        std::printf("player: key %u\n", static_cast<unsigned>(event.code));
        if (event.code != KEY_SPACE || song_ <= 0) return;
        state_.paused = !state_.paused;
        kill(song_, state_.paused ? SIGSTOP : SIGCONT);
    }

    std::string title_;
    pid_t song_;
    player::State state_{};
    player::DrmScreen screen_;
};

}  // namespace

int main(int count, char** arguments) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    if (count == 4 && std::strcmp(arguments[1], "--measure") == 0)
        return player::measure(std::atoi(arguments[2]), std::atoi(arguments[3]));
    if (count < 3) return std::fprintf(stderr, "usage: player TITLE SECONDS [PID]\n       player --measure TIMES PRESSES\n"), 2;
    return Player{arguments[1], static_cast<std::uint32_t>(std::atoi(arguments[2])), count > 3 ? std::atoi(arguments[3]) : 0}
        .run();
}
