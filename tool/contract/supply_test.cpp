#include "tool/contract/supply.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

namespace tiffin::contract {
namespace {

Core framed(Ns major, std::vector<Slot> slots) {
    Core c{.frame = Frame{major, std::move(slots)}};
    for (auto const* vm : {"a", "b"}) c.tasks.push_back({.vm = vm, .policy = Policy::Window});
    return c;
}

TEST(WindowSupply, OfOneWindowWaitsForTheNextFrame) {
    auto const c = framed(100, {{"a", 10, 20}});
    WindowSupply const a{c, "a"};
    EXPECT_EQ(a.each_frame(), 20u);
    EXPECT_EQ(a.longest_wait(), 80u);
    EXPECT_EQ(a.response(1), 81u);
    EXPECT_EQ(a.response(20), 100u);
    EXPECT_EQ(a.response(21), 181u);
    EXPECT_EQ(a.least(80), 0u);
    EXPECT_EQ(a.least(100), 20u);
}

TEST(WindowSupply, OfNobodyIsNothing) {
    auto const c = framed(100, {{"a", 10, 20}});
    WindowSupply const b{c, "b"};
    EXPECT_EQ(b.each_frame(), 0u);
    EXPECT_EQ(b.response(1), std::nullopt);
}

TEST(WindowSupply, IsTheLeastOverAllStartsNanosecondByNanosecond) {
    std::mt19937 random{5};
    for (int n = 0; n < 200; ++n) {
        Ns const major = 40 + random() % 60;
        std::vector<Slot> slots;
        for (Ns at = random() % 10; at + 12 < major; at += random() % 9) {
            Ns const length = 1 + random() % 10;
            slots.push_back({random() % 2 == 0 ? "a" : "b", at, length});
            at += length;
        }
        auto const c = framed(major, slots);
        WindowSupply const a{c, "a"};
        auto const mine = [&](Ns t) {
            return std::ranges::any_of(
                slots, [&](Slot const& s) { return s.vm == "a" && t % major >= s.offset && t % major < s.offset + s.length; });
        };
        for (Ns const stretch : {Ns{1}, major / 2, major, 2 * major + 7}) {
            Ns least = stretch;
            for (Ns start = 0; start < major; ++start) {
                Ns had = 0;
                for (Ns t = start; t < start + stretch; ++t) had += mine(t) ? 1 : 0;
                least = std::min(least, had);
            }
            ASSERT_EQ(a.least(stretch), a.each_frame() == 0 ? 0 : least) << "frame " << major << ", stretch " << stretch;
        }
    }
}

TEST(WindowSupply, EachWindowLosesItsSwitchAndTheInterruptsOfTheOthers) {
    auto c = framed(100'000, {{"a", 0, 50'000}});
    c.overheads = {.switching = 450, .interrupt = 250, .masked = 3000};
    c.tasks[1].devices = 3;
    EXPECT_EQ((WindowSupply{c, "a"}.each_frame()), 50'000u - 3000 - 450 - 250 - (2 + 3) * 250) << "its timers' and its devices'";
}

TEST(LeftForShares, IsWhatBudgetsLeaveInTheWorstWindow) {
    Core c{.tasks = {{.vm = "a", .policy = Policy::Fixed, .priority = 9, .server = Server{2 * ms, 10 * ms, 10 * ms}},
                     {.vm = "s", .weight = 100}}};
    EXPECT_EQ(left_for_shares(c, 100 * ms), 80 * ms);
    EXPECT_EQ(left_for_shares(c, 11 * ms), 11 * ms - 3 * ms)
        << "a window may hold the end of one period and all of another's budget";
    c.tasks.push_back({.vm = "b", .policy = Policy::Fixed, .priority = 8, .server = Server{3 * ms, 20 * ms, 20 * ms}});
    EXPECT_EQ(left_for_shares(c, 19 * ms), 19 * ms - 4 * ms - 4 * ms) << "and one that \"a\" has delayed before it";
    c.tasks[0].server.reset();
    EXPECT_EQ(left_for_shares(c, 100 * ms), 0u);
}

}  // namespace
}  // namespace tiffin::contract
