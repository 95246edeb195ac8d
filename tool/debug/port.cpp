#include "tool/debug/port.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abi/debug.hpp"
#include "tool/run/terminal.hpp"

namespace tiffin::gdb {

Port::~Port() {
    if (client_ >= 0) close(client_);
    if (listener_ >= 0) close(listener_);
}

std::string Port::listen(std::uint16_t port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int const on = 1;
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    socklen_t size = sizeof at;
    if (bind(listener_, reinterpret_cast<sockaddr const*>(&at), sizeof at) != 0 || ::listen(listener_, 1) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) != 0)
        return fmt::format("cannot listen at port {}: {}", port, std::strerror(errno));
    number_ = ntohs(at.sin_port);
    return {};
}

void Port::connect_machine(std::function<bool(std::string_view)> write, std::function<bool()> pump) {
    write_ = std::move(write), pump_ = std::move(pump);
}

std::optional<std::string> Port::ask(std::string const& command) {
    answer_.reset();
    if (!write_(abi::debug::command_key + command + "\r")) return std::nullopt;
    while (!answer_)
        if (!pump_()) return std::nullopt;
    return answer_;
}

void Port::accept() {
    client_ = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client_ < 0) return;
    int const on = 1;
    setsockopt(client_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    stops_.clear(), ended_.reset();
    target_ = std::make_unique<VmTarget>(vm_, [this](std::string const& command) { return ask(command); });
    bool const attached = target_->attach();
    server_ = std::make_unique<Server>(*target_);
    if (attached) return;
    fmt::print(stderr, "tiffin: {} cannot be debugged now: it does not run\n", name_);
    hang_up();
}

void Port::receive() {
    char buffer[4096];
    auto const n = read(client_, buffer, sizeof buffer);
    if (n > 0) return send(server_->feed({buffer, static_cast<std::size_t>(n)}));
    server_->on_hang_up();
    serve();
    if (!server_->over()) target_->leave();  // it could not be stopped: it has ended
    hang_up();
}

bool Port::take_line(std::string_view line) {
    up_ = true;
    constexpr std::string_view mark = "debug: =";
    if (line.starts_with(mark)) return answer_ = std::string{line.substr(mark.size())}, true;
    if (auto const stop = parse_stop(line)) return stops_.push_back(*stop), true;
    if (line.starts_with(name_ + ": stopped: ")) ended_ = false;
    if (line.starts_with(name_ + ": crashed: ")) ended_ = true;
    return false;
}

void Port::serve() {
    if (client_ < 0) return;
    for (; !stops_.empty(); stops_.pop_front()) send(server_->on_stop(stops_.front()));
    if (target_->has_stopped()) send(server_->on_stop({}));  // unless it had, for another reason, which counts then
    if (ended_) send(server_->on_end(*ended_)), ended_.reset();
    if (server_->over()) hang_up();
}

void Port::send(std::string const& text) {
    if (!text.empty()) write_all(client_, text);
}

void Port::hang_up() {
    close(client_);
    client_ = -1;
}

}  // namespace tiffin::gdb
