#include "guest/linux/tiffinctl/command.hpp"

#include <cstring>
#include <gtest/gtest.h>
#include <vector>

#include "guest/linux/tiffinctl/show.hpp"

namespace tiffin::ctl {
namespace {

namespace manage = abi::manage;
using abi::VmState;
using manage::Action;

/// The page as vdev/manager has it, with VMs whose states the tests set.
struct FakePage final : Page {
    std::vector<Facts> vms{{.name = "disk", .state = VmState::Running, .starts = 2, .faults = 1, .run_us = 1'234'567},
                           {.name = "spare", .state = VmState::Off}};
    std::uint32_t selected{0};
    abi::Error answer{abi::Error::Success};
    std::vector<std::pair<std::uint32_t, Action>> asked;

    std::uint32_t read(std::uint32_t offset) override {
        if (offset == manage::Count) return static_cast<std::uint32_t>(vms.size());
        if (offset == manage::Act) return static_cast<std::uint32_t>(answer);
        if (offset == manage::Frequency) return 1'000'000'000;
        return selected < vms.size() ? fact(vms[selected], offset) : offset == manage::State ? ~0u : 0;
    }
    void write(std::uint32_t offset, std::uint32_t value) override {
        if (offset == manage::Select) selected = value;
        if (offset == manage::Act) asked.emplace_back(selected, static_cast<Action>(value));
    }

private:
    static std::uint32_t fact(Facts const& vm, std::uint32_t offset) {
        auto const ticks = vm.run_us * 1000;
        char name[manage::name_bytes]{};
        std::memcpy(name, vm.name.data(), vm.name.size());
        std::uint32_t word = 0;
        switch (offset) {
            case manage::State: return static_cast<std::uint32_t>(vm.state);
            case manage::Status: return vm.status;
            case manage::Starts: return vm.starts;
            case manage::Faults: return vm.faults;
            case manage::RunTicks: return static_cast<std::uint32_t>(ticks);
            case manage::RunTicks + 4: return static_cast<std::uint32_t>(ticks >> 32);
        }
        if (offset >= manage::Name && offset < manage::Name + manage::name_bytes)
            std::memcpy(&word, name + offset - manage::Name, 4);
        return word;
    }
};

struct Session {
    FakePage page;
    Managed managed{page};
    std::function<void(unsigned)> sleep = [](unsigned) {};

    std::expected<std::string, Failure> run(std::vector<char const*> const& words) {
        auto const command = parse(words);
        if (!command) return std::unexpected{command.error()};
        return carry_out(*command, managed, sleep);
    }
    Failure failure(std::vector<char const*> const& words) {
        auto const result = run(words);
        return result ? Failure{Exit::Done, *result} : result.error();
    }
};

TEST(Tiffinctl, ShowsEveryVmInATable) {
    Session s;
    auto const told = s.run({"list"}).value();
    EXPECT_NE(told.find("\ndisk                             running        -        2        1        1234.567 ms\n"),
              std::string::npos)
        << told;
    EXPECT_NE(told.find("\nspare                            off "), std::string::npos) << told;
    EXPECT_EQ(s.run({"status"}).value(), told);
}

TEST(Tiffinctl, ShowsOneVmInASentence) {
    Session s;
    EXPECT_EQ(s.run({"status", "disk"}).value(), "disk: running, started anew 2 times, 1 fault, 1234.567 ms of processor time\n");
    s.page.vms[0].state = VmState::Crashed, s.page.vms[0].status = 255;
    EXPECT_TRUE(s.run({"status", "disk"}).value().starts_with("disk: crashed with status 255, "));
}

TEST(Tiffinctl, WritesJsonOfOneAndOfAll) {
    Session s;
    auto const disk = std::string{R"({"name":"disk","state":"running","status":0,"starts":2,"faults":1,"run_us":1234567})"};
    EXPECT_EQ(s.run({"status", "disk", "--json"}).value(), disk + "\n");
    EXPECT_EQ(s.run({"--json", "list"}).value(),
              R"({"vms":[)" + disk + R"(,{"name":"spare","state":"off","status":0,"starts":0,"faults":0,"run_us":0}]})" + "\n");
    s.page.vms.clear();
    EXPECT_EQ(s.run({"list", "--json"}).value(), "{\"vms\":[]}\n");
}

TEST(Tiffinctl, EscapesWhatJsonWantsEscaped) { EXPECT_EQ(quoted("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\""); }

TEST(Tiffinctl, AsksForEachActionOnTheVmThatWasNamed) {
    for (auto const& [verb, action, after] : {std::tuple{"pause", Action::Pause, VmState::Paused},
                                              {"stop", Action::Stop, VmState::Stopped},
                                              {"resume", Action::Resume, VmState::Running}}) {
        Session s;
        s.page.vms[1].state = after;
        EXPECT_TRUE(s.run({verb, "spare"}).has_value()) << verb;
        EXPECT_EQ(s.page.asked, (decltype(s.page.asked){{1, action}})) << verb;
    }
}

TEST(Tiffinctl, WaitsUntilARestartedVmHasStarted) {
    Session s;
    unsigned naps = 0;
    s.sleep = [&](unsigned) {
        auto& disk = s.page.vms[0];
        if (++naps == 1) disk.starts = 3, disk.state = VmState::Starting;
        if (naps == 3) disk.state = VmState::Running;
    };
    EXPECT_TRUE(s.run({"restart", "disk"}).value().starts_with("disk: running, started anew 3 times"));
    EXPECT_EQ(naps, 3u);
}

TEST(Tiffinctl, SaysThatItWasNotDoneInTime) {
    Session s;
    auto const late = s.failure({"pause", "disk", "--wait", "2"});
    EXPECT_EQ(late.exit, Exit::TooLate);
    EXPECT_EQ(late.words, "pause was asked for, but after 2 s disk is running");
    EXPECT_TRUE(s.run({"pause", "disk", "--wait", "0"}).has_value()) << "only asks";
}

TEST(Tiffinctl, SaysWhyAnActionIsRefused) {
    Session s;
    s.page.answer = abi::Error::Busy;
    auto const refused = s.failure({"resume", "disk"});
    EXPECT_EQ(refused.exit, Exit::Refused);
    EXPECT_EQ(refused.words, "disk is running, and \"resume\" is for a VM that is paused");
}

TEST(Tiffinctl, RefusesAVmThatIsNotManagedAndNamesThoseThatAre) {
    Session s;
    for (auto const* verb : {"status", "stop"}) {
        auto const unknown = s.failure({verb, "metronome"});
        EXPECT_EQ(unknown.exit, Exit::NoSuchVm);
        EXPECT_EQ(unknown.words,
                  "this VM manages no \"metronome\", but disk or spare; the device description says so (`manages`)");
    }
    EXPECT_TRUE(s.page.asked.empty());
    EXPECT_EQ(s.failure({"stop", "dis"}).exit, Exit::NoSuchVm) << "a name is whole";
}

TEST(Tiffinctl, RefusesAWrongCommandLineInWords) {
    Session s;
    EXPECT_EQ(
        s.failure({"strat", "disk"}).words,
        "there is no command \"strat\", but list, status, start, stop, restart, pause or resume; `tiffinctl --help` tells more");
    for (std::vector<char const*> const& words : {std::vector<char const*>{},
                                                  {"stop"},
                                                  {"list", "disk"},
                                                  {"stop", "disk", "spare"},
                                                  {"stop", "disk", "--force"},
                                                  {"stop", "disk", "--wait"},
                                                  {"stop", "disk", "--wait", "3s"},
                                                  {"stop", "disk", "--wait", "-1"},
                                                  {"stop", "disk", "--wait", "86401"}})
        EXPECT_EQ(s.failure(words).exit, Exit::Usage) << s.failure(words).words;
    EXPECT_TRUE(s.page.asked.empty());
}

TEST(Tiffinctl, HelpsWhateverElseIsSaid) {
    Session s;
    EXPECT_EQ(s.run({"stop", "disk", "--help"}).value(), usage());
    EXPECT_TRUE(s.page.asked.empty());
}

TEST(Tiffinctl, TellsAProgramOfItsFailure) {
    EXPECT_EQ(as_json({Exit::NoSuchVm, "no \"x\""}), "{\"error\":{\"status\":3,\"message\":\"no \\\"x\\\"\"}}\n");
}

TEST(Managed, ReadsTicksWholeThoughTheyGrowMeanwhile) {
    struct Growing final : Page {
        std::uint64_t ticks = 0xffff'ffff;
        std::uint32_t read(std::uint32_t offset) override {
            if (offset == manage::Frequency) return 1'000'000;
            if (offset == manage::RunTicks) return static_cast<std::uint32_t>(ticks++);
            if (offset == manage::RunTicks + 4) return static_cast<std::uint32_t>(ticks >> 32);
            return 0;
        }
        void write(std::uint32_t, std::uint32_t) override {}
    } page;
    auto const us = Managed{page}.facts(0).run_us;
    EXPECT_GE(us, 0x1'0000'0000u);
    EXPECT_LT(us, 0x1'0000'0010u);
}

}  // namespace
}  // namespace tiffin::ctl
