// The user's terminal, made raw for as long as this object lives: each key goes to the machine, and the machine draws the echo.
// A line that the tool itself prints meanwhile must end with \r\n.
#pragma once
#include <string>
#include <string_view>
#include <termios.h>

namespace tiffin {

class RawTerminal {
public:
    RawTerminal();
    ~RawTerminal();
    RawTerminal(RawTerminal const&) = delete;
    RawTerminal& operator=(RawTerminal const&) = delete;

    [[nodiscard]] bool is_terminal() const { return is_terminal_; }

private:
    termios saved_{};
    bool is_terminal_{false};
};

/// Watches keys for `Ctrl-] q`. The escape key is the hypervisor's and passes at once, for it prints what may follow;
/// `q` passes too, because the hypervisor waits for a key: it knows none of that name, and forgets the escape.
class QuitKey {
public:
    /// The keys to pass on, up to the end of the sequence, which sets quit().
    std::string filter(std::string_view keys);
    [[nodiscard]] bool quit() const { return quit_; }

private:
    bool escaped_{false}, quit_{false};
};

/// Writes all of it, waiting if need be; false if nobody reads any more.
bool write_all(int fd, std::string_view bytes);

}  // namespace tiffin
