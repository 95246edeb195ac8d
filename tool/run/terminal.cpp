#include "tool/run/terminal.hpp"

#include <cerrno>
#include <poll.h>
#include <unistd.h>

namespace tiffin {

RawTerminal::RawTerminal() : is_terminal_{isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0} {
    if (!is_terminal_ || tcgetattr(STDIN_FILENO, &saved_) != 0) return;
    auto raw = saved_;
    cfmakeraw(&raw);
    raw.c_oflag |= OPOST | ONLCR;  // the tool's own lines end with a newline only
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

RawTerminal::~RawTerminal() {
    if (is_terminal_) tcsetattr(STDIN_FILENO, TCSANOW, &saved_);
}

std::string QuitKey::filter(std::string_view keys) {
    constexpr char escape = 0x1d;  // Ctrl-]
    std::string passed;
    for (char const key : keys) {
        if (escaped_ && key == 'q') {
            quit_ = true;
            return passed;
        }
        escaped_ = key == escape && !escaped_;
        passed.push_back(key);
    }
    return passed;
}

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        auto const n = write(fd, bytes.data(), bytes.size());
        if (n > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno == EAGAIN || errno == EINTR) {
            pollfd wait{fd, POLLOUT, 0};
            poll(&wait, 1, 1000);
        } else {
            return false;
        }
    }
    return true;
}

}  // namespace tiffin
