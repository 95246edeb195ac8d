#include "core/console/console.hpp"

#include <gtest/gtest.h>
#include <string>
#include <utility>

#include "core/console/testing.hpp"

namespace tiffin {
namespace {

using testing::Bench;
using testing::on_terminal;

TEST(Console, ALineAppearsWholeWithItsVmsName) {
    Bench t;
    t.write(t.a, "Booting Linux");
    EXPECT_EQ(t.output(), "") << "an unfinished line of a VM without focus waits";
    t.write(t.a, "\n");
    EXPECT_EQ(t.output(), "[a] Booting Linux\r\n");
}

TEST(Console, LinesOfTwoVmsNeverInterleave) {
    Bench t;
    for (char byte : std::string{"hello world"}) {
        t.a.put(byte);
        t.b.put(byte);
    }
    t.write(t.b, "\n");
    t.write(t.a, "\n");
    EXPECT_EQ(t.output(), "[b] hello world\r\n[a] hello world\r\n");
}

TEST(Console, CarriageReturnAndLineFeedAreOneLineEnd) {
    Bench t;
    t.write(t.a, "one\r\ntwo\r\r\n\r\nthree\n\rfour\n");
    EXPECT_EQ(t.output(), "[a] one\r\n[a] two\r\n[a] \r\n[a] three\r\n[a] four\r\n");
}

TEST(Console, ACarriageReturnAloneKeepsWhatItWouldOverwrite) {
    Bench t;
    t.write(t.a, "10%\r20%\r\n");
    EXPECT_EQ(t.output(), "[a] 10%\r\n[a] 20%\r\n");
}

TEST(Console, ALongLineIsSplitAndMarked) {
    Bench t;
    t.write(t.a, std::string(ConsolePort::line_capacity, 'x') + "yz\nnext\n");
    EXPECT_EQ(t.output(), "[a] " + std::string(ConsolePort::line_capacity, 'x') + "\r\n[a]+yz\r\n[a] next\r\n");
}

TEST(Console, ASplitNeverFallsIntoACharacter) {
    Bench t;
    t.write(t.a, std::string(ConsolePort::line_capacity - 1, 'x') + "\xe2\x82\xac!\n");
    EXPECT_EQ(t.output(), "[a] " + std::string(ConsolePort::line_capacity - 1, 'x') + "\r\n[a]+\xe2\x82\xac!\r\n");
}

TEST(Console, EscapeCodesOfAVmWithoutFocusAreSpeltOut) {
    Bench t;
    t.write(t.a, "\x1b[2J\x1b]0;owned\x07[b] fake\n");
    EXPECT_EQ(t.output(), "[a] \\x1b[2J\\x1b]0;owned\\x07[b] fake\r\n");
}

TEST(Console, NothingWaitsForAFullUart) {
    Bench t;
    t.uart.room = 4;
    t.write(t.a, "hello\n");
    EXPECT_EQ(t.uart.sent, "[a] ");
    EXPECT_TRUE(t.uart.tx_interrupt);
    t.uart.room = 100;
    t.console.on_uart_interrupt();
    EXPECT_EQ(t.uart.sent, "[a] hello\r\n");
    EXPECT_FALSE(t.uart.tx_interrupt);
}

TEST(Console, ACallGivesTheUartAtMostOneFifo) {
    Bench t;
    t.write(t.a, std::string(100, 'x') + "\n");
    EXPECT_EQ(t.uart.sent.size(), Console::drain_limit);
    EXPECT_TRUE(t.uart.tx_interrupt) << "the rest comes by interrupt";
}

/// Writes lines until the port's FIFO is full, as a driver that looks at TXFF. How many bytes were taken.
std::size_t flood(ConsolePort& port, std::string_view line) {
    std::size_t taken = 0;
    while (!port.tx_full()) port.put(line[taken++ % line.size()]);
    return taken;
}

TEST(Console, AFloodFillsItsOwnBufferAndLosesNothing) {
    Bench t;
    t.uart.room = 0;
    auto const taken = flood(t.a, "all work and no play\n");
    EXPECT_EQ(t.a.tx_room(), 0u);
    t.uart.room = ~std::size_t{0};
    auto out = t.output();
    t.console.flush(t.a);
    out += t.output();
    std::string text;
    for (auto line : on_terminal(out)) text += line.empty() ? "" : line.substr(4) + "\n";
    if (taken % 21 != 0) text.pop_back();
    ASSERT_EQ(text.size(), taken);
    EXPECT_EQ(text.substr(0, 42), "all work and no play\nall work and no play\n");
    EXPECT_EQ(t.a.lost(), 0u);
    EXPECT_GT(t.client_a.changes, 0u) << "the VM's UART must hear that there is room again";
}

TEST(Console, AFloodLeavesRoomForTheHypervisorsOwnLines) {
    Bench t;
    t.uart.room = 0;
    flood(t.a, "flood\n");
    EXPECT_TRUE(t.console.log_has_room());
    t.console.log("VM a is noisy");
    t.uart.room = ~std::size_t{0};
    EXPECT_NE(t.output().find("tiffin: VM a is noisy\r\n"), std::string::npos);
}

TEST(Console, WhatADriverWritesIntoAFullFifoIsCounted) {
    Bench t;
    t.uart.room = 0;
    flood(t.a, "flood\n");
    t.write(t.a, "xyz");
    EXPECT_EQ(t.a.lost(), 3u);
}

TEST(Console, WaitingVmsTakeTurns) {
    Bench t;
    t.uart.room = 0;
    flood(t.a, "a\n");
    flood(t.b, "b\n");
    flood(t.c, "c\n");
    t.uart.room = ~std::size_t{0};
    auto const out = t.output();
    // b and c wrote nothing before the ring was full: their first lines wait with the same right as a's next one.
    auto const first_b = out.find("[b] ");
    std::string turns;
    for (auto at = first_b; (at = out.find('[', at)) != out.npos; ++at) turns += out[at + 1];
    EXPECT_EQ(turns.substr(0, 12), "bcabcabcabca");
}

TEST(Console, OwnLinesWithoutRoomAreCountedAndTold) {
    Bench t;
    t.uart.room = 0;
    unsigned logged = 0;
    for (; t.console.log_has_room(); ++logged) t.console.log("line");
    t.console.log("lost");
    t.console.log("lost too");
    t.uart.room = ~std::size_t{0};
    auto const lines = on_terminal(t.output());
    EXPECT_EQ(lines[logged], "tiffin: 2 lines of its own were dropped");
}

TEST(Console, ALongOwnLineBecomesSeveral) {
    Bench t;
    t.console.log(std::string(170, 'x') + "\nsecond");
    EXPECT_EQ(t.output(), "tiffin: " + std::string(160, 'x') + "\r\ntiffin: " + std::string(10, 'x') + "\r\ntiffin: second\r\n");
}

TEST(Console, FlushShowsAnUnfinishedLine) {
    Bench t;
    t.write(t.a, "panic: no ini");
    t.console.flush(t.a);
    EXPECT_EQ(t.output(), "[a] panic: no ini\r\n");
    t.console.flush(t.a);
    EXPECT_EQ(t.output(), "");
}

TEST(Console, ColoursStayOnTheName) {
    Bench t;
    t.console.set_colours(true);
    t.write(t.b, "hi\n");
    EXPECT_EQ(t.output(), "\x1b[32m[b]\x1b[0m hi\r\n");
}

// ---- The focus

struct Focused : Bench {
    Focused() {
        focus_by_key(a);
        (void)output();
    }
};

TEST(ConsoleFocus, AnUnfinishedLineIsShownAtOnce) {
    Focused t;
    t.write(t.a, "/ # ");
    EXPECT_EQ(t.output(), "[a] / # ");
    t.write(t.a, "l");
    EXPECT_EQ(t.output(), "l");
    t.write(t.a, "\r\n");
    EXPECT_EQ(t.output(), "\r\n");
}

TEST(ConsoleFocus, AnotherVmsLineMovesTheUnfinishedOneDown) {
    Focused t;
    t.write(t.a, "/ # ls");
    (void)t.output();
    t.write(t.b, "tick\n");
    EXPECT_EQ(t.output(), "\r\x1b[K[b] tick\r\n[a] / # ls");
}

TEST(ConsoleFocus, TheTerminalShowsWhatALineEditorMeans) {
    Focused t;
    t.write(t.a, "$ echp");
    t.write(t.b, "noise\n");
    t.write(t.a, "\b \bo hi\x1b[2D\x1b[1@O\n");
    auto const lines = on_terminal(t.output());
    EXPECT_EQ(lines, (std::vector<std::string>{"[b] noise", "[a] $ echo Ohi", ""}));
}

TEST(ConsoleFocus, ACarriageReturnReturnsBehindThePrefix) {
    Focused t;
    t.write(t.a, "tiffin: 10%\r[b] 20%\n");
    EXPECT_EQ(on_terminal(t.output()), (std::vector<std::string>{"[a] [b] 20% 10%", ""}));
}

TEST(ConsoleFocus, NothingTheVmSendsTouchesTheMarks) {
    Focused t;
    t.write(t.a, "x\x1b[999D\b\b\b\b\b\b\b\x1b[2K\x1b[1;1Htiffin: fake\x1b[1A\x1b[9D\n");
    EXPECT_EQ(on_terminal(t.output())[0].substr(0, 4), "[a] ");
}

TEST(ConsoleFocus, ColoursDoNotReachOthersLines) {
    Focused t;
    t.write(t.a, "\x1b[31mred");
    t.write(t.b, "plain\n");
    EXPECT_EQ(t.output(), "[a] \x1b[31mred\x1b[0m\r\x1b[K[b] plain\r\n[a] red");
}

TEST(ConsoleFocus, ALineTooLongIsSplitAndMarked) {
    Focused t;
    t.write(t.a, std::string(200, 'x') + "\n");
    auto const lines = on_terminal(t.output());
    EXPECT_EQ(lines[0], "[a] " + std::string(157, 'x'));
    EXPECT_EQ(lines[1], "[a]+" + std::string(43, 'x'));
}

TEST(ConsoleFocus, TheUnfinishedLineIsTakenOverWithTheFocus) {
    Bench t;
    t.write(t.a, "login: ");
    t.focus_by_key(t.a);
    EXPECT_EQ(t.output(), "tiffin: keys go to [a]; Ctrl-] s returns to the shell\r\n[a] login: ");
    t.focus_by_key(t.b);
    EXPECT_EQ(t.output(), "\r\x1b[Ktiffin: keys go to [b]; Ctrl-] s returns to the shell\r\n");
    t.write(t.a, "root\n");
    EXPECT_EQ(t.output(), "[a] login: root\r\n") << "and is given back whole";
}

TEST(ConsoleFocus, AnUnfinishedLineOfMoreThanAPromptIsShownAsThePartOfOneThatItIs) {
    Bench t;
    std::string const text(100, 'x');
    t.write(t.a, text);
    t.focus_by_key(t.a);
    EXPECT_NE(t.output().find("[a] " + text + "\r\n"), std::string::npos);
    t.write(t.a, "y\n");
    EXPECT_EQ(t.output(), "[a]+y\r\n");
}

TEST(ConsoleFocus, AFloodingVmWithTheFocusDoesNotStarveOthers) {
    Focused t;
    t.uart.room = 0;
    flood(t.a, "aaaa\n");
    t.write(t.b, "b\n");
    t.uart.room = ~std::size_t{0};
    EXPECT_NE(t.output().find("[b] b\r\n"), std::string::npos);
}

// ---- Keys

TEST(ConsoleKeys, GoToTheFocusedVmAndWakeItsUart) {
    Focused t;
    auto const before = t.client_a.changes;
    t.type("ls\r");
    EXPECT_GT(t.client_a.changes, before);
    EXPECT_EQ(t.a.get(), 'l');
    EXPECT_EQ(t.a.get(), 's');
    EXPECT_EQ(t.a.get(), '\r');
    EXPECT_EQ(t.a.get(), -1);
    EXPECT_TRUE(t.b.rx_empty());
}

TEST(ConsoleKeys, APastedLineIsNotLost) {
    Focused t;
    std::string const pasted(300, 'p');
    t.type(pasted);
    std::string got;
    for (int c; (c = t.a.get()) >= 0;) got += static_cast<char>(c);
    EXPECT_EQ(got, pasted);
}

TEST(ConsoleKeys, EscapeThenDigitChoosesTheVm) {
    Bench t;
    t.type(
        "\x1d"
        "2");
    EXPECT_EQ(t.console.focused(), &t.b);
    t.type(
        "\x1d"
        "n");
    EXPECT_EQ(t.console.focused(), &t.c);
    t.type(
        "\x1d"
        "n");
    EXPECT_EQ(t.console.focused(), &t.a) << "round and round";
    t.type(
        "\x1d"
        "s");
    EXPECT_EQ(t.console.focused(), nullptr);
    t.type(
        "\x1d"
        "9");
    EXPECT_NE(t.output().find("tiffin: there is no VM 9"), std::string::npos);
}

TEST(ConsoleKeys, EscapeTwiceIsOneEscapeForTheVm) {
    Focused t;
    t.type("\x1d\x1d");
    EXPECT_EQ(t.a.get(), Console::escape_key);
    EXPECT_EQ(t.console.focused(), &t.a);
}

TEST(ConsoleKeys, TheEscapeKeyWorksThoughTheVmReadsNothing) {
    Focused t;
    t.type(std::string(5000, 'x') +
           "\x1d"
           "s");
    EXPECT_EQ(t.console.focused(), nullptr);
}

TEST(ConsoleKeys, KeysForOneVmNeverReachTheNext) {
    Focused t;
    t.type(std::string(100, 'x') +
           "\x1d"
           "2");
    while (t.a.get() >= 0) {
    }
    EXPECT_EQ(t.b.get(), -1);
}

// ---- The end

TEST(ConsoleEnd, DrainNowSendsEverything) {
    Bench t;
    t.uart.room = 0;
    t.write(t.a, "first\nunfin");
    t.console.log("off");
    t.uart.room = ~std::size_t{0};
    t.console.drain_now();
    EXPECT_EQ(t.uart.sent, "[a] first\r\ntiffin: off\r\n[a] unfin\r\n");
    EXPECT_FALSE(t.console.busy());
}

TEST(ConsoleEnd, WriteNowComesAfterWhatWasQueued) {
    Bench t;
    t.uart.room = 0;
    t.console.log("before");
    t.uart.room = ~std::size_t{0};
    t.console.write_now("panic\r\n");
    EXPECT_EQ(t.uart.sent, "tiffin: before\r\npanic\r\n");
}

TEST(ConsoleEnd, ADeadUartDoesNotHoldUpThePanic) {
    Bench t;
    t.console.log("before");
    t.uart.room = 0;
    t.console.log("stuck");
    t.console.write_now("panic\r\n");
    t.console.drain_now();
    SUCCEED();
}

}  // namespace
}  // namespace tiffin
