// What a demo makes of what the machine said.
#include <gtest/gtest.h>

#include "plan/testing.hpp"
#include "tool/demo/hive.hpp"
#include "tool/demo/report.hpp"
#include "tool/family.hpp"

namespace tiffin {
namespace {

TEST(Report, AFamilyIsANameWithoutItsNumber) {
    EXPECT_EQ(family("w50-17"), "w50");
    EXPECT_EQ(family("front-end"), "front-end");
    EXPECT_EQ(family("a-1-2"), "a-1");
    EXPECT_EQ(family("linux"), "linux");
    EXPECT_EQ(family("odd-"), "odd-");
}

FinalReport small_report() {
    return {{.ticks = 1000, .freq = 100, .idle_ticks = 100, .wakeups = 20},
            {{.name = "linux", .state = "stopped", .exit = 0, .run_ticks = 100, .wakeups = 50},
             {.name = "w-1", .state = "stopped", .exit = 0, .run_ticks = 300},
             {.name = "w-2", .state = "crashed", .exit = 3, .run_ticks = 500}}};
}

TEST(Report, VmsOfACountAreOneRow) {
    auto const grouped = small_report().grouped();
    ASSERT_EQ(grouped.vms.size(), 2u);
    EXPECT_EQ(grouped.vms[1].name, "w");
    EXPECT_EQ(grouped.vms[1].vms, 2u);
    EXPECT_EQ(grouped.vms[1].run_ticks, 800u);
    EXPECT_EQ(grouped.vms[1].exit, 3) << "the worst";
    EXPECT_EQ(grouped.vms[1].state, "mixed");
}

TEST(Report, TheBatteryTableTellsWakeUpsAndWhatChipsWouldLeaveIdle) {
    auto const text = battery_table(small_report().grouped());
    EXPECT_NE(text.find("linux                 5.0                       90.00%"), text.npos) << text;
    EXPECT_NE(text.find("never sleeps"), text.npos) << text;
    EXPECT_NE(text.find("the one core          2.0                       10.00%"), text.npos) << text;
    EXPECT_NE(text.find("1 chips of this speed for those that sleep would be idle 90.0 %"), text.npos) << text;
    EXPECT_NE(text.find("the one core that does it all is in use 90.0 %"), text.npos) << text;
    EXPECT_EQ(text.find("timer-slack"), text.npos) << "not compared with anything: " << text;
    EXPECT_NE(battery_table({}).find("no report"), std::string::npos);
}

TEST(Report, TheBatteryTableComparesWithAMachineWithoutSlackBySecondsNotByRuns) {
    FinalReport longer{{.ticks = 2000, .freq = 100, .idle_ticks = 100, .wakeups = 50}, {}};
    auto const text = battery_table(small_report(), longer);
    EXPECT_NE(text.find("the core woke 20 times with it and 50 times without (2.5 a second, 20.0 % fewer), and was in use 90.00 "
                        "% and 95.00 % of "
                        "the time"),
              text.npos)
        << text;
    EXPECT_NE(battery_table(small_report(), FinalReport{}).find("not measured"), std::string::npos);
}

/// One control loop, three workers of weights 50, 50 and 100.
struct Hive {
    std::vector<std::byte> bytes;
    PlanView plan;
    Watcher watcher{{.colour = false, .symbols = nullptr, .expectations = {}, .digest = {}}};

    Hive() : bytes{make()}, plan{*PlanView::open(bytes)} {}

    void say(std::string const& vm, std::string const& text) { (void)watcher.feed("[" + vm + "] " + text + "\n"); }
    void all_is_well() {
        say("motor", "metronome: jobs=10 missed=0 latency_ns min=1 avg=2 p99=3 max=4");
        for (auto const* worker : {"w-1", "w-2", "v-1"}) say(worker, "worker: alive");
        say("w-1", "worker: ran_us=1000 of_us=4000 rounds=1");
        say("w-2", "worker: ran_us=1004 of_us=4000 rounds=1");
        say("v-1", "worker: ran_us=2001 of_us=4000 rounds=1");
    }

    static std::vector<std::byte> make() {
        auto p = testing::good_plan();
        auto const vm = p.vms[0];
        auto const payload = p.payloads[0];
        p.vms.clear(), p.vcpus.clear(), p.payloads.clear(), p.windows.clear(), p.interrupts.clear();
        std::uint64_t ram = 0x4200'0000;
        std::uint32_t id = 0;
        for (auto const& [name, weight] : {std::pair{"motor", 0u}, {"w-1", 50u}, {"w-2", 50u}, {"v-1", 100u}}) {
            auto v = vm;
            v.name = p.text(name), v.ram_pa = ram, v.ram_size = 0x20'0000;
            v.payloads = {id, 1}, v.vcpus = {id, 1}, v.windows = v.interrupts = {0, 0};
            v.entry = v.x0 = v.ram_ipa;
            ram += v.ram_size;
            auto bytes_of = payload;
            bytes_of.ipa = v.ram_ipa, bytes_of.size = 0x1000;
            abi::VcpuRecord vcpu{};
            vcpu.vm = id, vcpu.weight = weight;
            if (weight == 0) vcpu.policy = abi::Policy::Fixed, vcpu.priority = 9;
            p.vms.push_back(v), p.vcpus.push_back(vcpu), p.payloads.push_back(bytes_of);
            ++id;
        }
        return p.bytes();
    }
};

TEST(Hive, NothingIsWrongWhenAllIsWell) {
    Hive hive;
    hive.all_is_well();
    EXPECT_EQ(hive_failures(hive.plan, hive.watcher), std::vector<std::string>{});
    auto const shares = worker_shares(hive.plan, hive.watcher);
    ASSERT_EQ(shares.size(), 3u);
    EXPECT_NEAR(shares[0].error, 100 * (1000 / (4005.0 / 4) - 1), 1e-9);
}

TEST(Hive, WhoeverIsSilentOrLateOrHadAnotherShareIsNamed) {
    Hive silent;
    EXPECT_EQ(hive_failures(silent.plan, silent.watcher).size(), 7u) << "no job, and nothing twice from each worker";
    Hive late;
    late.all_is_well();
    late.say("motor", "metronome: jobs=10 missed=2 latency_ns min=1 avg=2 p99=3 max=4");
    EXPECT_EQ(hive_failures(late.plan, late.watcher), std::vector<std::string>{"motor missed 2 jobs"});
    Hive greedy;
    greedy.all_is_well();
    greedy.say("w-2", "worker: ran_us=1030 of_us=4000 rounds=1");
    auto const failures = hive_failures(greedy.plan, greedy.watcher);
    ASSERT_EQ(failures.size(), 1u);
    EXPECT_EQ(failures[0], "w-2 had +2.21 % of its share");
}

TEST(Hive, TheTerminalIsNotFlooded) {
    Hive hive;
    HiveDigest digest{hive.plan};
    EXPECT_EQ(digest("w-1", "worker: alive"), "");
    EXPECT_EQ(digest("w-2", "worker: alive"), "");
    EXPECT_EQ(digest("v-1", "worker: alive"), "hive: 3 of 3 workers are alive\n");
    EXPECT_EQ(digest("w-1", "worker: ran_us=5 of_us=6 rounds=7"), "");
    EXPECT_EQ(digest("tiffin", "report vm=w-1 state=stopped"), "");
    EXPECT_EQ(digest("tiffin", "w-1: stopped: exit with status 0"), "");
    for (auto const& [vm, text] :
         {std::pair{"w-1", "guest: panic"}, {"tiffin", "w-1: stopped: exit with status 1"}, {"motor", "hello"}})
        EXPECT_EQ(digest(vm, text), std::nullopt) << "what is wrong is shown: " << text;
}

}  // namespace
}  // namespace tiffin
