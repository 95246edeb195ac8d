#include "tool/run/qmp.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include "tool/run/terminal.hpp"

namespace tiffin {

Qmp::Qmp(std::string const& path) {
    if (!connect_to(path)) return;
    std::string greeting;
    connected_ = read_line(greeting) && execute(R"({"execute":"qmp_capabilities"})");
}

bool Qmp::connect_to(std::string const& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return fail("the path of its socket is too long");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    socket_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    timeval const patience{.tv_sec = 10, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return connect(socket_, reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0 || fail(std::strerror(errno));
}

Qmp::~Qmp() {
    if (socket_ >= 0) close(socket_);
}

bool Qmp::fail(std::string what) {
    why_ = std::move(what);
    return false;
}

bool Qmp::lose(std::string what) {
    connected_ = false;
    return fail(std::move(what));
}

bool Qmp::read_line(std::string& line) {
    auto end = buffer_.find('\n');
    for (; end == buffer_.npos; end = buffer_.find('\n')) {
        char more[4096];
        auto const n = read(socket_, more, sizeof more);
        if (n <= 0) return lose(n == 0 ? "QEMU closed its monitor" : std::strerror(errno));
        buffer_.append(more, static_cast<std::size_t>(n));
    }
    line = buffer_.substr(0, end);
    buffer_.erase(0, end + 1);
    return true;
}

bool Qmp::execute(std::string const& command) {
    if (!why_.empty()) return false;
    if (!write_all(socket_, command + "\n")) return lose("QEMU closed its monitor");
    for (std::string line; read_line(line);) {
        auto const answer = nlohmann::json::parse(line, nullptr, false);
        if (answer.contains("return")) return result_ = answer["return"].dump(), true;
        if (answer.contains("error")) return fail(answer["error"].value("desc", "QEMU refused"));
    }
    return false;
}

bool Qmp::query(std::string const& command, std::string& answer) {
    auto const ok = execute(command);
    answer = ok ? result_ : std::exchange(why_, {});
    return ok;
}

bool Qmp::save_memory(std::uint64_t at, std::uint64_t size, std::string const& file) {
    nlohmann::json const command{{"execute", "pmemsave"}, {"arguments", {{"val", at}, {"size", size}, {"filename", file}}}};
    return execute(command.dump());
}

}  // namespace tiffin
