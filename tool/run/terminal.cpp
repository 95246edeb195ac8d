#include "tool/run/terminal.hpp"

#include <cerrno>
#include <poll.h>
#include <unistd.h>

namespace tiffin {

RawTerminal::RawTerminal() : is_terminal_{isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0} {
    if (!is_terminal_ || tcgetattr(STDIN_FILENO, &saved_) != 0) return;
    auto raw = saved_;
    cfmakeraw(&raw);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

RawTerminal::~RawTerminal() {
    if (is_terminal_) tcsetattr(STDIN_FILENO, TCSANOW, &saved_);
}

std::string QuitKey::filter(std::string_view keys) {
    constexpr char escape = 0x1d;  // Ctrl-]
    std::string passed;
    for (char const key : keys) {
        passed.push_back(key);
        quit_ = quit_ || (escaped_ && key == 'q');
        if (quit_) break;
        escaped_ = key == escape && !escaped_;
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
