// What `tiffinctl` is told, and what it does then. No file, no clock and no output: main.cpp has those, the tests have others.
#pragma once
#include <expected>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "guest/linux/tiffinctl/managed.hpp"

namespace tiffin::ctl {

/// docs/life.md, "tiffinctl": scripts depend on them.
enum class Exit : int {
    Done = 0,
    Refused = 1,   // not in the VM's present state
    Usage = 2,     // the command line is wrong
    NoSuchVm = 3,  // this VM manages none of that name
    NoPage = 4,    // this VM manages nobody, or /dev/mem can't be opened
    TooLate = 5,   // asked for, but not seen to be done in the time of --wait
};

struct Command {
    enum class Kind { Help, Show, Act };

    Kind kind{Kind::Help};
    abi::manage::Action action{};  // of Act
    std::string_view verb, vm;     // Show without a VM is about all
    bool json{false};
    unsigned wait_ms{10'000};
};

struct Failure {
    Exit exit;
    std::string words;
};

std::expected<Command, Failure> parse(std::span<char const* const> words);
std::string_view usage();

/// Text for standard output. `sleep` waits for so many milliseconds.
std::expected<std::string, Failure> carry_out(Command const& command, Managed& managed,
                                              std::function<void(unsigned)> const& sleep);

/// How `failure` is told to a program that wants JSON.
std::string as_json(Failure const& failure);

}  // namespace tiffin::ctl
