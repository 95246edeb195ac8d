#include "core/console/shell.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "core/console/testing.hpp"

namespace tiffin {
namespace {

using testing::Bench;
using testing::on_terminal;

struct Machine final : ShellHost {
    std::vector<VmRow> vms;
    std::uint32_t vm_count() const override { return static_cast<std::uint32_t>(vms.size()); }
    std::string_view name(std::uint32_t index) const override { return ++names_told, vms.at(index).name; }
    VmRow vm(std::uint32_t index) const override { return ++rows_told, vms.at(index); }
    bool manage(std::uint32_t index, abi::manage::Action action) override {
        asked.push_back({index, action});
        return vms.at(index).state == "running";
    }
    std::uint64_t total_ticks() const override { return 62'500'000; }
    std::uint64_t idle_ticks() const override { return 31'250'000; }
    std::uint64_t frequency() const override { return 62'500'000; }
    std::span<std::byte const> trace_part(std::uint32_t index) const override {
        return index < trace.size() ? std::as_bytes(std::span{trace[index]}) : std::span<std::byte const>{};
    }
    void hold_trace(bool held) override { holds.push_back(held); }
    std::vector<std::string> trace;
    std::vector<bool> holds;
    mutable unsigned names_told{0}, rows_told{0};
    std::vector<std::pair<std::uint32_t, abi::manage::Action>> asked;
};

struct ShellBench : Bench {
    Machine machine;
    Shell shell{console, machine};
    ShellBench() {
        console.set_shell(shell);
        machine.vms = {{"linux", "running", "share", 100, 0, 25'000'000, 1234, 99, 55, &a, 6'250'000, 31'250'000},
                       {"metronome", "running", "fixed", 60, 0, 625'000, 1000, 3, 2, nullptr, 0, 0, 7, 50'000, 2, true}};
    }
    std::vector<std::string> lines_after(std::string_view typed) {
        type(typed);
        return on_terminal(output());
    }
};

TEST(Shell, IsSilentUntilAKeyIsPressed) {
    ShellBench t;
    t.console.log("hello");
    EXPECT_EQ(t.output(), "tiffin: hello\r\n");
    EXPECT_EQ(t.lines_after("\r").back(), "tiffin> ");
}

TEST(Shell, EchoesAndEdits) {
    ShellBench t;
    EXPECT_EQ(t.lines_after("lisx\x7ft").back(), "tiffin> list");
    EXPECT_EQ(t.lines_after("\x15").back(), "tiffin> ");
    EXPECT_EQ(t.lines_after("\x1b[A\x1bOPa").back(), "tiffin> a") << "arrow and function keys type nothing";
}

TEST(Shell, ThePromptStaysBelowTheVmsLines) {
    ShellBench t;
    t.type("li");
    t.write(t.a, "noise\n");
    EXPECT_EQ(on_terminal(t.output()), (std::vector<std::string>{"[a] noise", "tiffin> li"}));
}

TEST(Shell, ListShowsEveryVm) {
    ShellBench t;
    auto const lines = t.lines_after("list\r");
    ASSERT_EQ(lines.size(), 5u);
    EXPECT_EQ(lines[0], "tiffin> list");
    EXPECT_EQ(lines[1], "tiffin: VM                              state     core  policy        share   wake-ups");
    EXPECT_EQ(lines[2], "tiffin: linux                           running   0     share 100    40.0%        1234");
    EXPECT_EQ(lines[3], "tiffin: metronome                       running   0     fixed 60      1.0%        1000");
    EXPECT_EQ(lines[4], "tiffin> ");
}

TEST(Shell, AListOfAThousandVmsComesInSteps) {
    ShellBench t;
    t.machine.vms.assign(1024, VmRow{"vm", "running", "share", 1, 0, 0, 0, 0, 0, nullptr});
    t.uart.room = 0;
    t.type("list\r");
    EXPECT_TRUE(t.console.busy());
    t.uart.room = ~std::size_t{0};
    EXPECT_EQ(on_terminal(t.output()).size(), 1u + 1 + 1024 + 1) << "nothing was dropped";
}

TEST(Shell, StatsOfTheMachineAndOfOneVm) {
    ShellBench t;
    EXPECT_EQ(t.lines_after("stats\r")[1], "tiffin: 1000 ms since boot, idle 50.0%, 2 VMs, counter at 62500000 Hz");
    EXPECT_EQ(t.lines_after("stats linux\r")[1],
              "tiffin: linux: running, ran 400 ms (40.0%), 1234 wake-ups, 99 traps, 55 switches");
    EXPECT_EQ(t.lines_after("stats linux\r")[2], "tiffin:   waited for a core 100 ms, asleep or off 500 ms");
    EXPECT_EQ(t.lines_after("stats metronome\r")[3], "tiffin:   worst response 800 us, 2 late, budget used up 7 times");
    EXPECT_EQ(t.lines_after("stats nobody\r")[1], "tiffin: no VM \"nobody\"; list shows them");
}

TEST(Shell, ANameIsLookedForInStepsHoweverManyVmsThereAre) {
    ShellBench t;
    t.machine.vms.assign(1024, VmRow{"vm", "running", "share", 1, 0, 0, 0, 0, 0, nullptr});
    t.machine.vms.back().name = "last";
    t.shell.run("stop last");
    unsigned steps = 0;
    for (bool more = true; more; ++steps) {
        t.machine.names_told = 0;
        more = t.shell.step();
        EXPECT_LE(t.machine.names_told, 16u);
        EXPECT_TRUE(t.machine.asked.empty() || t.machine.names_told == 0) << "the action has a step of its own";
    }
    EXPECT_GT(steps, 64u);
    EXPECT_EQ(t.machine.rows_told, 0u);
    EXPECT_EQ(t.machine.asked, (std::vector<std::pair<std::uint32_t, abi::manage::Action>>{{1023, abi::manage::Action::Stop}}));
}

TEST(Shell, FocusGivesKeysToTheVm) {
    ShellBench t;
    t.type("focus linux\r");
    (void)t.output();
    EXPECT_EQ(t.console.focused(), &t.a);
    t.type("x");
    EXPECT_EQ(t.a.get(), 'x');
}

TEST(Shell, CommandsTypedAheadAreAnsweredOneAfterTheOther) {
    ShellBench t;
    auto const lines = t.lines_after("help\rlist\rstats\rx");
    ASSERT_EQ(lines.size(), 20u);
    EXPECT_EQ(lines[13], "tiffin> list");
    EXPECT_EQ(lines[17], "tiffin> stats");
    EXPECT_EQ(lines[19], "tiffin> x");
}

TEST(Shell, WhatIsTypedBehindFocusGoesToTheVm) {
    ShellBench t;
    t.type("focus linux\rroot\r");
    (void)t.output();
    std::string got;
    for (int c; (c = t.a.get()) >= 0;) got += static_cast<char>(c);
    EXPECT_EQ(got, "root\r");
}

TEST(Shell, WhatWasTypedForTheShellIsNotGivenToAVm) {
    ShellBench t;
    t.uart.room = 0;
    t.type(
        "list\rsecret\x1d"
        "1");
    EXPECT_EQ(t.console.focused(), &t.a);
    EXPECT_EQ(t.a.get(), -1);
}

TEST(Shell, FocusSaysWhyItCannot) {
    ShellBench t;
    EXPECT_EQ(t.lines_after("console metronome\r")[1], "tiffin: metronome has no console");
    EXPECT_EQ(t.lines_after("focus\r")[1], "tiffin: no VM \"\"; list shows them");
    EXPECT_EQ(t.console.focused(), nullptr);
}

TEST(Shell, AnUnknownCommandPointsToHelp) {
    ShellBench t;
    EXPECT_EQ(t.lines_after("reboot now\r")[1], "tiffin: no command \"reboot\"; help lists what there is");
}

TEST(Shell, HelpListsEveryCommand) {
    ShellBench t;
    auto const lines = t.lines_after("help\r");
    ASSERT_EQ(lines.size(), 14u);
    EXPECT_EQ(lines[4], "tiffin:   focus NAME        gives keys to a VM (Ctrl-] s comes back)");
}

TEST(Shell, ALineTooLongToTypeIsCut) {
    ShellBench t;
    EXPECT_EQ(t.lines_after(std::string(500, 'x')).back(), "tiffin> " + std::string(80, 'x'));
}

TEST(Shell, PrintsATracePartByPartAsBase64AndHoldsItMeanwhile) {
    ShellBench t;
    t.machine.trace = {"Man", std::string(25, 'M')};
    auto const lines = t.lines_after("trace\r");
    std::string full;
    for (int n = 0; n < 8; ++n) full += "TU1N";
    EXPECT_EQ(lines,
              (std::vector<std::string>{"tiffin> trace", "tiffin: trace 0 0x00000000 TWFu", "tiffin: trace 1 0x00000000 " + full,
                                        "tiffin: trace 1 0x00000018 TQ==", "tiffin: trace end", "tiffin> "}));
    EXPECT_EQ(t.machine.holds, (std::vector<bool>{true, false}));
}

TEST(Shell, SaysHowToGetATraceIfThereIsNone) {
    ShellBench t;
    auto const lines = t.lines_after("trace\r");
    EXPECT_EQ(lines.at(1), "tiffin: no trace is kept; the description's options: {trace: 1 MiB} asks for one");
    EXPECT_TRUE(t.machine.holds.empty());
}

TEST(Shell, ManagesTheVmThatIsNamed) {
    ShellBench t;
    t.lines_after("\x1dspause linux\r");
    t.lines_after("restart metronome\r");
    EXPECT_EQ(t.machine.asked, (std::vector<std::pair<std::uint32_t, abi::manage::Action>>{{0, abi::manage::Action::Pause},
                                                                                           {1, abi::manage::Action::Restart}}));
}

TEST(Shell, SaysWhyNothingIsDone) {
    ShellBench t;
    auto lines = t.lines_after("\x1dsstop nobody\r");
    EXPECT_TRUE(std::ranges::any_of(lines, [](auto const& l) { return l.contains("no VM \"nobody\""); }));
    t.machine.vms[0].state = "stopped";
    lines = t.lines_after("pause linux\r");
    EXPECT_TRUE(std::ranges::any_of(lines, [](auto const& l) { return l.contains("linux is stopped: there is nothing to do"); }));
}

}  // namespace
}  // namespace tiffin
