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
    void type(std::string_view keys) {
        for (char const c : keys) service.type(c);
        rounds();
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

TEST_F(Console, ALineThatIsTypedGoesToThePortThatItNames) {
    tell({1, Event::PortOpen, 1});
    auto& room = clients.post(0, 4, {}, 3);
    auto& more = clients.post(0, 4, {}, 64);
    type("0.1: hello\r");
    EXPECT_EQ(text(room.answer()), "hel");
    EXPECT_EQ(text(more.answer()), "lo\n");
    EXPECT_TRUE(room.told);
}

TEST_F(Console, ALineWaitsUntilTheClientOpensThePort) {
    auto& room = clients.post(0, 4, {}, 64);
    type("0.1: hello\r");
    EXPECT_FALSE(room.done) << "Linux would throw it away";
    tell({1, Event::PortOpen, 1});
    EXPECT_EQ(text(room.answer()), "hello\n");
    tell({1, Event::PortOpen, 0});
    auto& next = clients.post(0, 4, {}, 64);
    type("0.1: hello\r");
    EXPECT_FALSE(next.done);
}

TEST_F(Console, AfterItsServersDeathAPortCountsAsOpen) {
    Ports next{[](std::uint32_t, std::uint32_t, std::string_view) {}};
    sdk::Server again{clients};
    again.start();
    again.round(next);
    auto& room = clients.post(0, 4, {}, 64);
    for (char const c : std::string_view{"0.1: hello\n"}) next.type(c);
    while (again.round(next)) {
    }
    EXPECT_EQ(text(room.answer()), "hello\n");
}

TEST_F(Console, APortThatIsNamedAloneGetsTheLinesBehindIt) {
    tell({0, Event::PortOpen, 1});
    tell({1, Event::PortOpen, 1});
    auto& room = clients.post(0, 4, {}, 64);
    auto& other = clients.post(0, 0, {}, 64);
    type("lost\n0.1:\nls -l\n");
    EXPECT_EQ(text(room.answer()), "ls -l\n");
    type("0.0: one\n");
    EXPECT_EQ(text(other.answer()), "one\n") << "for once";
    auto& more = clients.post(0, 4, {}, 64);
    type("\n");
    EXPECT_EQ(text(more.answer()), "\n");
}

TEST_F(Console, TypingWaitsForRoomAndTooMuchOfItIsLost) {
    tell({0, Event::PortOpen, 1});
    for (unsigned n = 0; n < 100; ++n) type("0.0: 0123456789\n");
    auto& room = clients.post(0, 0, {}, 4096);
    rounds();
    EXPECT_EQ(room.length, 256u / 11 * 11);
}

TEST_F(Console, ALineForADeviceThatIsNotThereIsLost) {
    for (char const c : std::string_view{"7.0: hello\n9.9: hello\n"}) service.type(c);
    EXPECT_FALSE(server->round(service));
}

TEST_F(Console, PortZeroIsAConsoleIfTheServerIsToldSo) {
    service.make_consoles();
    tell({0, Event::PortReady, 1});
    EXPECT_EQ(heard(), message(0, Event::PortName, "port0"));
    EXPECT_EQ(heard(), message(0, Event::PortOpen));
    EXPECT_EQ(heard(), message(0, Event::ConsolePort));
    tell({1, Event::PortReady, 1});
    EXPECT_EQ(heard(), message(1, Event::PortName, "port1"));
    EXPECT_EQ(heard(), message(1, Event::PortOpen));
    EXPECT_EQ(heard(), "");
}

TEST(Typed, LinesForNobodyAreNothing) {
    for (auto const* line : {"", "hello", "0.", "0.1", "0.1:x", ".1: x", "0.: x", "123.0: x", "0 1: x"})
        EXPECT_FALSE(parse(line)) << line;
    auto const typed = parse("63.3: a b");
    ASSERT_TRUE(typed);
    EXPECT_EQ(typed->device, 63u);
    EXPECT_EQ(typed->port, 3u);
    EXPECT_EQ(typed->text, "a b");
    EXPECT_FALSE(typed->chooses);
    EXPECT_TRUE(parse("0.1:")->chooses);
    EXPECT_FALSE(parse("0.1: ")->chooses) << "an empty line for it";
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
