// What is done to a machine while it runs, and when.
#include "tool/run/events.hpp"

#include <gtest/gtest.h>

namespace tiffin {
namespace {

Script script(std::string const& text) {
    Problems problems{"demo.yaml"};
    auto read = parse_script(text, problems);
    EXPECT_EQ(problems.text(), "");
    return read;
}

std::string complaint(std::string const& text) {
    Problems problems{"demo.yaml"};
    std::ignore = parse_script(text, problems);
    return problems.text();
}

EventQueue queue(std::string const& event) { return EventQueue{script("events:\n  - " + event + "\n").events}; }

TEST(Script, SaysWhatIsExpectedAndWhatIsDone) {
    auto const read = script(
        "expect:\n  - {vm: a, says: 'x+', times: 3}\nevents:\n"
        "  - {vm: b, says: up, after: 2 s, type: restart a, keys: [ret, up], picture: it is back}\n");
    ASSERT_EQ(read.expectations.size(), 1u);
    EXPECT_EQ(read.expectations[0].times, 3u);
    EXPECT_TRUE(read.expectations[0].pattern.found_in("axx"));
    ASSERT_EQ(read.events.size(), 1u);
    EXPECT_EQ(read.events[0].after, 2u);
    EXPECT_EQ(read.events[0].type, "restart a");
    EXPECT_EQ(read.events[0].keys, (std::vector<std::string>{"ret", "up"}));
    EXPECT_EQ(read.events[0].picture, "it is back");
    EXPECT_EQ(read.events[0].at, (Mark{4, 5}));
}

TEST(Script, WhatIsWrongIsToldWithItsPlace) {
    EXPECT_NE(complaint("events: 3\n").find("demo.yaml:1:9: error: \"events\" is \"3\"; expected a list"), std::string::npos);
    EXPECT_NE(complaint("events:\n  - {vm: a, says: x}\n").find("2:5: error: an event does nothing"), std::string::npos);
    EXPECT_NE(complaint("events:\n  - {vm: a, says: x, type: y, after: 1500 ms}\n").find("expected whole seconds"),
              std::string::npos);
    EXPECT_NE(complaint("expect:\n  - {vm: a, says: '('}\n").find("is no expression"), std::string::npos);
    EXPECT_NE(complaint("expect:\n  - {says: x}\n").find("\"vm\" is missing"), std::string::npos);
    EXPECT_NE(complaint("expect: [").find("demo.yaml:1:"), std::string::npos) << "no YAML at all";
    EXPECT_NE(complaint("a list: no\n").find("unknown field \"a list\""), std::string::npos);
}

TEST(EventQueue, WithoutADelayALineIsEnough) {
    auto q = queue("{vm: a, says: up, type: list}");
    EXPECT_TRUE(q.due(5).empty());
    q.said("b", "up"), q.said("a", "down");
    EXPECT_TRUE(q.due(5).empty()) << "another VM, another line";
    q.said("a", "up");
    EXPECT_FALSE(q.wants_time());
    EXPECT_EQ(q.due(std::nullopt).size(), 1u);
    q.said("a", "up");
    EXPECT_TRUE(q.due(6).empty()) << "once";
    EXPECT_TRUE(q.left().empty());
}

TEST(EventQueue, ADelayCountsFromTheLineByTheMachinesTime) {
    auto q = queue("{vm: a, says: up, times: 2, after: 3 s, type: list}");
    q.said("a", "up");
    EXPECT_FALSE(q.wants_time());
    q.said("a", "up");
    EXPECT_TRUE(q.wants_time());
    EXPECT_TRUE(q.due(std::nullopt).empty());
    EXPECT_TRUE(q.due(10).empty());
    EXPECT_TRUE(q.due(12).empty());
    EXPECT_EQ(q.left().size(), 1u);
    EXPECT_EQ(q.due(13).size(), 1u);
    EXPECT_FALSE(q.wants_time());
}

TEST(ShellKeys, GoToTheShellFirst) {
    EXPECT_EQ(shell_keys("restart a"),
              "\x1ds"
              "restart a\r");
}

}  // namespace
}  // namespace tiffin
