#include "guest/drivers/ports/ports.hpp"

#include <gtest/gtest.h>

#include "guest/sdk/serve_testing.hpp"

namespace tiffin::ports {
namespace {

using namespace sdk::testing;
namespace console = abi::virtio::console;

std::vector<std::string> said;

struct Console : ::testing::Test {
    Console() {
        said.clear();
        clients.add(abi::virtio::Type::Console, 0, console::has_multiport);
        clients.made[0].config[0] = 2ull << 32;
        clients.made[0].status = 0;
        server.emplace(clients);
        server->start();
        rounds();
        clients.made[0].status = abi::virtio::driver_ok;
    }
    void rounds() {
        while (server->round(service)) {
        }
    }
    void tell(Control const& message) {
        clients.post(0, console::control_transmit_queue, bytes_of(message));
        rounds();
    }
    void write(std::uint32_t queue, std::string_view what) {
        auto const& p = clients.post(0, queue, bytes(what));
        rounds();
        EXPECT_TRUE(p.done && p.told);
    }
    /// The next message to the client.
    std::string heard() {
        auto const& p = clients.post(0, console::control_receive_queue, {}, 64);
        rounds();
        return std::string{text(p.answer())};
    }
    static std::string message(std::uint32_t port, Event event, std::string_view rest = "") {
        return std::string{text(bytes_of(Control{port, event, 1}))} + std::string{rest};
    }
    Clients clients;
    Ports service{[](std::uint32_t, std::uint32_t port, std::string_view line) {
        said.push_back(std::to_string(port) + ": " + std::string{line});
    }};
    std::optional<sdk::Server> server;
};

TEST_F(Console, TellsTheDriverOfItsPortsWhenItHasRoom) {
    tell({~0u, Event::DeviceReady, 1});
    EXPECT_EQ(heard(), message(0, Event::PortAdd));
    EXPECT_EQ(heard(), message(1, Event::PortAdd));
    EXPECT_EQ(heard(), "");
}

TEST_F(Console, ANewLifeOfTheServerTellsADriverThatIsUpOfItsPortsAgain) {
    Ports next{[](std::uint32_t, std::uint32_t, std::string_view) {}};
    sdk::Server again{clients};
    again.start();
    auto const& p = clients.post(0, console::control_receive_queue, {}, 64);
    while (again.round(next)) {
    }
    EXPECT_EQ(text(p.answer()), message(0, Event::PortAdd));
}

TEST_F(Console, NamesAndOpensAPortThatIsReady) {
    tell({1, Event::PortReady, 1});
    EXPECT_EQ(heard(), message(1, Event::PortName, "port1"));
    EXPECT_EQ(heard(), message(1, Event::PortOpen));
    EXPECT_EQ(heard(), "");
}

TEST_F(Console, PortsThatAreNotThereAndCutMessagesAreIgnored) {
    tell({2, Event::PortReady, 1});
    tell({~0u, Event::PortReady, 1});
    clients.post(0, console::control_transmit_queue, Bytes(3));
    EXPECT_EQ(heard(), "");
}

TEST_F(Console, SaysWholeLinesOfEachPort) {
    write(1, "one\ntw");
    write(5, "other\n");
    write(1, "o\r\n");
    EXPECT_EQ(said, (std::vector<std::string>{"0: one", "1: other", "0: two"}));
}

TEST_F(Console, WhatCouldSteerATerminalIsADot) {
    write(1, "\x1b[2J\x9b\xc2\x9b\a\x7f\n");
    EXPECT_EQ(said, std::vector<std::string>{"0: .[2J....."});
}

TEST_F(Console, ALongLineIsCutAndALongRequestIsReadToItsEnd) {
    write(1, std::string(1000, 'x') + "\n");
    ASSERT_EQ(said.size(), 7u);
    EXPECT_EQ(said[0].size(), 3u + 160);
}

TEST_F(Console, ADriverThatKnowsOfOnePortHasOne) {
    clients.made[0].accepted = 0;
    write(1, "hello\n");
    EXPECT_EQ(said, std::vector<std::string>{"0: hello"});
}

TEST_F(Console, AClientThatStartsAnewLeavesNoHalfLine) {
    write(1, "half");
    clients.reset(0);
    rounds();
    write(1, "whole\n");
    EXPECT_EQ(said, std::vector<std::string>{"0: whole"});
}

}  // namespace
}  // namespace tiffin::ports
