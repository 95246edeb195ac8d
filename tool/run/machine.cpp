#include "tool/run/machine.hpp"

#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <poll.h>
#include <signal.h>
#include <sstream>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "tool/board/qemu_board.hpp"
#include "tool/debug/port.hpp"
#include "tool/run/director.hpp"
#include "tool/run/process.hpp"
#include "tool/run/terminal.hpp"
#include "tool/run/trace_fetch.hpp"

namespace tiffin {
namespace {

using Clock = std::chrono::steady_clock;

/// An open file, closed when it goes.
class Handle {
public:
    explicit Handle(int fd = -1) : fd_{fd} {}
    ~Handle() { reset(); }
    Handle(Handle const&) = delete;
    Handle& operator=(Handle const&) = delete;
    void reset(int fd = -1) {
        if (fd_ >= 0) close(fd_);
        fd_ = fd;
    }
    [[nodiscard]] int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_;
};

std::optional<sockaddr_un> socket_address(std::string const& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) return std::nullopt;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

/// "unix:/tmp/x" or "/tmp/x".
std::string socket_path(std::string const& text) { return text.starts_with("unix:") ? text.substr(5) : text; }

sig_atomic_t volatile interrupted = 0;
void on_signal(int) { interrupted = 1; }
sig_atomic_t volatile trace_wanted = 0;
void on_trace_signal(int) { trace_wanted = 1; }

class Loop {
public:
    Loop(RunOptions const& options, Watcher& watcher) : options_{options}, watcher_{watcher} {
        if (!options.log.empty()) log_.open(options.log, std::ios::binary | std::ios::trunc);
        if (!options.serial.empty()) listen_at(socket_path(options.serial));
    }
    ~Loop() {
        end_child();
        if (listener_) unlink(socket_path(options_.serial).c_str());
    }
    Loop(Loop const&) = delete;
    Loop& operator=(Loop const&) = delete;

    RunResult run(std::vector<std::string> const& command) {
        RunResult result;
        if (!start(command)) return result;
        if (options_.debugger != nullptr)
            options_.debugger->connect_machine([this](std::string_view text) { return write_all(machine_.get(), text); },
                                               [this] { return interrupted == 0 && show(); });
        RawTerminal const terminal;
        keys_open_ = terminal.is_terminal();
        if (keys_open_) fmt::print("(Ctrl-] is the console's escape key; Ctrl-] q quits)\r\n"), std::fflush(stdout);
        auto const deadline = Clock::now() + std::chrono::seconds{options_.timeout_s};
        while (turn()) {
            result.timed_out = options_.timeout_s != 0 && Clock::now() >= deadline && !watcher_.status();
            if (result.timed_out || quit_.quit() || interrupted != 0) break;
            if (watcher_.status() && (Clock::now() >= *stop_by_ || !options_.monitor.empty())) break;
            if (std::exchange(trace_wanted, 0) != 0) result.trace_problem = write_trace();
        }
        if (options_.director != nullptr) options_.director->finish();
        result.trace_problem = write_trace();
        result.quit = quit_.quit() || interrupted != 0;
        result.status = result.timed_out ? timed_out : watcher_.status().value_or(quit_.quit() ? 0 : 1);
        return result;
    }

private:
    bool start(std::vector<std::string> const& command) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return false;
        said_.reset(memfd_create("qemu-stderr", MFD_CLOEXEC));
        signal(SIGPIPE, SIG_IGN);
        interrupted = 0;
        for (auto const n : {SIGINT, SIGTERM, SIGHUP}) signal(n, on_signal);
        signal(SIGUSR1, on_trace_signal);
        child_ = fork();
        if (child_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);  // no QEMU is left behind, however this process ends
            dup2(ends[1], 0), dup2(ends[1], 1), dup2(said_.get(), 2);
            _exit(become(command));
        }
        close(ends[1]);
        machine_.reset(ends[0]);
        return child_ > 0;
    }

    void end_child() {
        if (child_ <= 0) return;
        kill(child_, SIGTERM);  // it writes what it keeps to the end, as the length of a WAV file
        bool gone = false;
        for (int n = 0; n < 200 && !gone; ++n) gone = waitpid(child_, nullptr, WNOHANG) != 0 || poll(nullptr, 0, 10) < 0;
        if (!gone) kill(child_, SIGKILL), waitpid(child_, nullptr, 0);
        child_ = -1;
        repeat_complaints();
    }

    /// What QEMU itself had to say, after the machine's last line instead of in the middle of one. Its note that a machine under
    /// -icount has nothing to wait for (while it powers off) is no complaint.
    void repeat_complaints() {
        std::string text(4096, '\0');
        auto const n = pread(said_.get(), text.data(), text.size(), 0);
        std::istringstream lines{text.substr(0, n > 0 ? static_cast<std::size_t>(n) : 0)};
        for (std::string line; std::getline(lines, line);)
            if (line.find("icount sleep disabled") == std::string::npos) fmt::print(stderr, "{}\n", line);
    }

    [[nodiscard]] std::string write_trace() const {
        if (options_.trace.empty()) return {};
        return fetch_trace(options_.monitor, trace_parts(watcher_.lines("tiffin")), options_.trace);
    }

    void listen_at(std::string const& path) {
        auto const address = socket_address(path);
        listener_.reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        unlink(path.c_str());
        if (address && bind(listener_.get(), reinterpret_cast<sockaddr const*>(&*address), sizeof *address) == 0 &&
            listen(listener_.get(), 1) == 0) {
            return;
        }
        fmt::print(stderr, "tiffin: cannot listen at {}: {}\n", path, std::strerror(errno));
        listener_.reset();
    }

    /// Waits for something to happen, for a while, and passes it on; false when the machine is gone.
    bool turn() {
        pollfd fds[] = {{machine_.get(), POLLIN, 0},
                        {keys_open_ ? STDIN_FILENO : -1, POLLIN, 0},
                        {listener_.get(), POLLIN, 0},
                        {client_.get(), POLLIN, 0},
                        {options_.debugger != nullptr ? options_.debugger->listener() : -1, POLLIN, 0},
                        {options_.debugger != nullptr ? options_.debugger->client() : -1, POLLIN, 0}};
        if (poll(fds, std::size(fds), options_.director != nullptr ? options_.director->patience() : 100) < 0 && errno != EINTR)
            return false;
        if (fds[1].revents != 0) keys_open_ = pass_keys(STDIN_FILENO, &quit_);
        if (fds[3].revents != 0 && !pass_keys(client_.get(), nullptr)) client_.reset();
        if (fds[2].revents != 0) client_.reset(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (fds[4].revents != 0) options_.debugger->accept();
        if (fds[5].revents != 0) options_.debugger->receive();
        if (fds[0].revents != 0 && !has_said_nothing() && !show()) return false;
        if (options_.debugger != nullptr) options_.debugger->serve();
        direct();
        return true;
    }

    /// Its lines may have been taken in already, while a debugger waited for an answer.
    [[nodiscard]] bool has_said_nothing() const {
        pollfd machine{machine_.get(), POLLIN, 0};
        return poll(&machine, 1, 0) == 0;
    }

    void direct() {
        if (options_.director != nullptr && !watcher_.status())
            options_.director->turn([this](std::string_view keys) { return write_all(machine_.get(), keys); });
    }

    bool pass_keys(int from, QuitKey* quit) {
        char buffer[512];
        auto const n = read(from, buffer, sizeof buffer);
        if (n <= 0) return false;
        std::string_view const keys{buffer, static_cast<std::size_t>(n)};
        return write_all(machine_.get(), quit != nullptr ? quit->filter(keys) : std::string{keys});
    }

    bool show() {
        char buffer[8192];
        auto const n = read(machine_.get(), buffer, sizeof buffer);
        if (n <= 0) return false;
        std::string_view const bytes{buffer, static_cast<std::size_t>(n)};
        auto const had_stopped = watcher_.status().has_value();
        auto const shown = watcher_.feed(bytes);
        std::fwrite(shown.data(), 1, shown.size(), stdout);
        std::fflush(stdout);
        if (log_.is_open()) log_.write(buffer, n), log_.flush();
        if (client_ && !write_all(client_.get(), bytes)) client_.reset();
        // The machine has said its last word; it gets a moment to power off.
        if (!had_stopped && watcher_.status()) stop_by_ = Clock::now() + std::chrono::seconds{2};
        return true;
    }

    RunOptions const& options_;
    Watcher& watcher_;
    Handle machine_, listener_, client_, said_;
    pid_t child_{-1};
    bool keys_open_{false};
    QuitKey quit_;
    std::ofstream log_;
    std::optional<Clock::time_point> stop_by_;
};

}  // namespace

std::vector<std::string> qemu_command(Machine const& machine, std::string const& image, RunOptions const& options) {
    auto command = qemu_machine(machine);
    command.insert(command.end(), {"-kernel", image, "-display", options.display, "-monitor", "none", "-no-reboot", "-chardev",
                                   "stdio,id=serial0,signal=off", "-serial", "chardev:serial0"});
    if (!options.monitor.empty())  // switched off, it stays for somebody to read its memory
        command.insert(command.end(), {"-qmp", "unix:" + options.monitor + ",server=on,wait=off", "-no-shutdown"});
    if (options.icount) {
        command.insert(command.end(), {"-icount", options.idle_for_real ? "shift=0,sleep=on" : "shift=0,sleep=off", "-rtc",
                                       "base=2024-01-01,clock=vm", "-seed", "1"});
    }
    return command;
}

RunResult run_machine(std::vector<std::string> const& command, RunOptions const& options, Watcher& watcher) {
    return Loop{options, watcher}.run(command);
}

int attach_console(std::string const& path) {
    auto const address = socket_address(socket_path(path));
    Handle machine{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!address || connect(machine.get(), reinterpret_cast<sockaddr const*>(&*address), sizeof *address) != 0) {
        fmt::print(stderr, "tiffin: cannot attach to {}: {}\nstart a machine with `tiffin run --serial unix:{}`\n", path,
                   std::strerror(errno), path);
        return 1;
    }
    RawTerminal const terminal;
    QuitKey quit;
    bool keys = true;
    while (!quit.quit()) {
        pollfd fds[] = {{machine.get(), POLLIN, 0}, {keys ? STDIN_FILENO : -1, POLLIN, 0}};
        if (poll(fds, std::size(fds), -1) < 0 && errno != EINTR) return 1;
        char buffer[4096];
        if (fds[0].revents != 0) {
            auto const n = read(machine.get(), buffer, sizeof buffer);
            if (n <= 0) return 0;
            write_all(STDOUT_FILENO, {buffer, static_cast<std::size_t>(n)});
        }
        if (fds[1].revents != 0) {
            auto const n = read(STDIN_FILENO, buffer, sizeof buffer);
            keys = n > 0 && write_all(machine.get(), quit.filter({buffer, static_cast<std::size_t>(n)}));
        }
    }
    return 0;
}

}  // namespace tiffin
