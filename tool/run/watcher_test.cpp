#include "tool/run/watcher.hpp"

#include <gtest/gtest.h>

#include "tool/demo/report.hpp"
#include "tool/run/terminal.hpp"

namespace tiffin {
namespace {

Watcher watcher(std::vector<std::string> const& expectations = {}, bool colour = false) {
    Watcher::Options options;
    options.colour = colour;
    std::string why;
    for (auto const& text : expectations) options.expectations.push_back(*parse_expectation(text, why));
    return Watcher{std::move(options)};
}

TEST(Watcher, PassesEveryByteOn) {
    auto w = watcher();
    std::string shown;
    for (char const c : std::string_view{"[linux] a [b] c\r\nno prefix\r\n[unfinished"}) shown += w.feed({&c, 1});
    EXPECT_EQ(shown, "[linux] a [b] c\r\nno prefix\r\n");
    EXPECT_EQ(w.feed("\n"), "[unfinished\n");
}

TEST(Watcher, ShowsAnUnfinishedPromptAtOnce) {
    auto w = watcher();
    EXPECT_EQ(w.feed("tiffin> he"), "tiffin> he");
    EXPECT_EQ(w.feed("[linux] # l"), "[linux] # l") << "not at the start of a line: passed as it is";
}

TEST(Watcher, FindsTheStatusOfTheMachine) {
    auto w = watcher();
    w.feed("[linux] tiffin: machine stopped: status 0\r\n");
    EXPECT_FALSE(w.status()) << "a guest can't say it";
    w.feed("tiffin: machine stopped: status 3\r\n");
    EXPECT_EQ(w.status(), 3);
}

TEST(Watcher, MeetsExpectationsOfTheRightVmOnly) {
    auto w = watcher({"linux=job d.ne", "tiffin=power"});
    w.feed("[other] job done\r\n");
    EXPECT_FALSE(w.expectations()[0].met);
    w.feed("[linux] linux: job done\r\ntiffin: power\r\n");
    EXPECT_TRUE(w.expectations()[0].met);
    EXPECT_TRUE(w.expectations()[1].met);
    EXPECT_EQ(w.lines("linux"), std::vector<std::string>{"linux: job done"});
}

TEST(Watcher, ALineThatWasPaintedAgainCountsOnce) {
    auto w = watcher();
    w.feed("[linux] # ls\r[linux] # ls -l\r\n");
    EXPECT_EQ(w.lines("linux"), std::vector<std::string>{"# ls -l"});
}

TEST(Watcher, ALineThatComesOverAPromptIsWhole) {
    auto w = watcher({"sound=ready"});
    w.feed("tiffin> \r\x1b[K[sound] ready\r\ntiffin> \r\x1b[Ktiffin: machine stopped: status 0\r\n");
    EXPECT_TRUE(w.expectations()[0].met);
    EXPECT_EQ(w.status(), 0);
}

TEST(Watcher, AnExpectationMayWantALineMoreThanOnce) {
    auto w = watcher({"sound=ready"});
    std::vector<std::string> heard;
    Watcher::Options options;
    options.expectations = {w.expectations()[0]};
    options.expectations[0].times = 2;
    options.heard = [&](auto vm, auto text) { heard.push_back(std::string{vm} + ": " + std::string{text}); };
    Watcher twice{std::move(options)};
    twice.feed("[sound] ready\n");
    EXPECT_FALSE(twice.expectations()[0].met);
    twice.feed("[sound] ready\n");
    EXPECT_TRUE(twice.expectations()[0].met);
    EXPECT_EQ(heard, (std::vector<std::string>{"sound: ready", "sound: ready"}));
}

TEST(Watcher, PaintsPrefixesOnly) {
    auto w = watcher({}, true);
    auto const shown = w.feed("[linux] x [y]\n");
    EXPECT_TRUE(shown.starts_with("\x1b["));
    EXPECT_TRUE(shown.ends_with("m[linux]\x1b[0m x [y]\n")) << shown;
    EXPECT_EQ(w.feed("tiffin: x\n"), "tiffin: x\n");
}

TEST(Watcher, ADigestSeesWholeLinesAndMayReplaceThem) {
    Watcher w{{.colour = false, .symbols = nullptr, .expectations = {}, .digest = [](std::string_view vm, std::string_view text) {
                   return vm == "noisy" ? std::optional<std::string>{text == "first" ? "it speaks\n" : ""}
                                        : std::optional<std::string>{};
               }}};
    EXPECT_EQ(w.feed("[noisy] fir"), "");
    EXPECT_EQ(w.feed("st\r\n[noisy] more\n[quiet] x\ntiffin: y\n"), "it speaks\n[quiet] x\ntiffin: y\n");
    EXPECT_EQ(w.lines("noisy").size(), 2u) << "nothing is lost";
}

TEST(Watcher, RefusesExpectationsWithoutVmOrWithABadExpression) {
    std::string why;
    EXPECT_FALSE(parse_expectation("no equals sign", why));
    EXPECT_FALSE(parse_expectation("=x", why));
    EXPECT_FALSE(parse_expectation("vm=(", why));
    EXPECT_TRUE(parse_expectation("vm=a=b", why));
}

TEST(QuitKey, OnlyTheEscapeKeyWithQQuits) {
    QuitKey key;
    EXPECT_EQ(key.filter("q\x1d"), "q\x1d");
    EXPECT_EQ(key.filter("1"), "1");
    EXPECT_EQ(key.filter("\x1d\x1dq"), "\x1d\x1dq") << "the escape key twice is one for the VM";
    EXPECT_FALSE(key.quit());
    EXPECT_EQ(key.filter("\x1dqx"), "\x1dq");
    EXPECT_TRUE(key.quit());
}

TEST(Symbols, OnlyFramesOfTheHypervisorAreNamed) {
    EXPECT_EQ(frame_offset("tiffin:   #0 +0x1234"), 0x1234u);
    EXPECT_EQ(frame_offset("tiffin:   #12 +0xffffffff\r"), 0xffff'ffffu);
    for (auto const* line :
         {"[linux] #0 +0x1234", "tiffin: +0x1234", "tiffin: #0 +0x", "tiffin: #0 +0x12 more", "tiffin: #0 0x12", ""}) {
        EXPECT_FALSE(frame_offset(line)) << line;
    }
}

TEST(Demo, ReadsTheHypervisorsReport) {
    auto const vm = parse_vm_report("report vm=linux state=stopped exit=0 run_ticks=5 wakeups=6 traps=7 switches=8 faults=0");
    ASSERT_TRUE(vm);
    EXPECT_EQ(vm->name, "linux");
    EXPECT_EQ(vm->state, "stopped");
    EXPECT_EQ(vm->exit, 0);
    EXPECT_EQ(vm->run_ticks + vm->wakeups + vm->traps + vm->switches, 26u);
    auto const machine = parse_machine_report("report machine ticks=100 freq=62500000 idle_ticks=40");
    ASSERT_TRUE(machine);
    EXPECT_EQ(machine->idle_ticks, 40u);
    EXPECT_FALSE(parse_vm_report("report machine ticks=1"));
    EXPECT_FALSE(parse_machine_report("something else"));
}

}  // namespace
}  // namespace tiffin
