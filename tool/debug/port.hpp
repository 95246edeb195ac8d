// Where gdb connects, between a running machine and a Server.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tool/debug/server.hpp"
#include "tool/debug/vm_target.hpp"

namespace tiffin::gdb {

class Port {
public:
    /// For VM number `vm` of the plan, of this name.
    Port(unsigned vm, std::string name) : vm_{vm}, name_{std::move(name)} {}
    ~Port();
    Port(Port const&) = delete;
    Port& operator=(Port const&) = delete;

    /// Listens on 127.0.0.1; 0: any free port. Empty, or why it can't.
    std::string listen(std::uint16_t port);
    [[nodiscard]] std::uint16_t number() const { return number_; }

    /// How commands go to the machine, and how what it says is taken in meanwhile; each false when it is gone.
    void connect_machine(std::function<bool(std::string_view)> write, std::function<bool()> pump);
    /// For poll(): -1 for none. One gdb at a time, and none before the hypervisor has its UART: it would lose the first of what it is sent.
    [[nodiscard]] int listener() const { return up_ && client_ < 0 ? listener_ : -1; }
    [[nodiscard]] int client() const { return client_; }
    void accept();
    void receive();

    /// A line of the hypervisor's own, without its prefix. True: it was for us, and nobody need see it.
    bool take_line(std::string_view line);
    /// What came with the lines goes to gdb.
    void serve();

private:
    std::optional<std::string> ask(std::string const& command);
    void send(std::string const& text);
    void hang_up();

    unsigned vm_;
    std::string name_;
    int listener_{-1}, client_{-1};
    std::uint16_t number_{0};
    std::function<bool(std::string_view)> write_;
    std::function<bool()> pump_;
    std::unique_ptr<VmTarget> target_;
    std::unique_ptr<Server> server_;
    std::optional<std::string> answer_;
    std::deque<Stop> stops_;
    std::optional<bool> ended_;  // crashed
    bool up_{false};             // it has said something
};

}  // namespace tiffin::gdb
