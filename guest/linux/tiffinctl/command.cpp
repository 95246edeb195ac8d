#include "guest/linux/tiffinctl/command.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "guest/linux/tiffinctl/show.hpp"

namespace tiffin::ctl {
namespace {

using abi::VmState;
using abi::manage::Action;

struct Verb {
    std::string_view name;
    Command::Kind kind;
    Action action;
};
constexpr Verb verbs[] = {
    {"list", Command::Kind::Show, {}},
    {"status", Command::Kind::Show, {}},
    {"start", Command::Kind::Act, Action::Start},
    {"stop", Command::Kind::Act, Action::Stop},
    {"restart", Command::Kind::Act, Action::Restart},
    {"pause", Command::Kind::Act, Action::Pause},
    {"resume", Command::Kind::Act, Action::Resume},
};
constexpr unsigned poll_ms = 10, max_wait_s = 86'400;

std::unexpected<Failure> fail(Exit exit, std::string words) { return std::unexpected{Failure{exit, std::move(words)}}; }

/// "a, b or c"
std::string listed(std::vector<std::string> const& words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) text += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
    return text;
}

std::string all_verbs() {
    std::vector<std::string> names;
    for (auto const& verb : verbs) names.emplace_back(verb.name);
    return listed(names);
}

/// The value of --wait, in seconds.
std::expected<unsigned, Failure> seconds(std::string_view text) {
    unsigned value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value > max_wait_s)
        return fail(Exit::Usage,
                    "--wait takes seconds, 0 to " + std::to_string(max_wait_s) + ", and not \"" + std::string{text} + "\"");
    return value;
}

/// The words that are no options. False: one too many.
bool take_word(Command& command, std::string_view word) {
    auto& place = command.verb.empty() ? command.verb : command.vm;
    if (!place.empty()) return false;
    place = word;
    return true;
}

/// What the verb means, and whether it got the words it wants.
std::expected<Command, Failure> complete(Command command) {
    if (command.verb.empty()) return fail(Exit::Usage, "what? " + all_verbs() + "; `tiffinctl --help` tells more");
    auto const* const verb = std::ranges::find(verbs, command.verb, &Verb::name);
    if (verb == std::end(verbs))
        return fail(Exit::Usage, "there is no command \"" + std::string{command.verb} + "\", but " + all_verbs() +
                                     "; `tiffinctl --help` tells more");
    command.kind = verb->kind, command.action = verb->action;
    auto const name = std::string{verb->name};
    if (command.kind == Command::Kind::Act && command.vm.empty())
        return fail(Exit::Usage, name + " what? `tiffinctl " + name + " VM`; `tiffinctl list` shows which there are");
    if (name == "list" && !command.vm.empty())
        return fail(Exit::Usage, "list takes no VM; `tiffinctl status " + std::string{command.vm} + "` shows one");
    return command;
}

/// The VM that the command names.
std::expected<std::uint32_t, Failure> wanted(Command const& command, Managed& managed) {
    if (auto const which = managed.find(command.vm)) return *which;
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < managed.count(); ++i) names.push_back(managed.facts(i).name);
    return fail(Exit::NoSuchVm, "this VM manages no \"" + std::string{command.vm} + "\", but " + listed(names) +
                                    "; the device description says so (`manages`)");
}

std::string shown(Command const& command, Facts const& vm) { return command.json ? json(vm) : sentence(vm); }

std::string all(Command const& command, Managed& managed) {
    std::vector<Facts> vms;
    for (std::uint32_t i = 0; i < managed.count(); ++i) vms.push_back(managed.facts(i));
    return command.json ? json(std::span<Facts const>{vms}) : table(vms);
}

/// A VM that starts may have ended again before anybody looked.
bool is_done(Action action, Facts const& before, Facts const& now) {
    switch (action) {
        case Action::Start:
        case Action::Restart: return now.starts != before.starts && now.state != VmState::Starting;
        case Action::Stop: return now.state == VmState::Stopped || now.state == VmState::Crashed;
        case Action::Pause: return now.state == VmState::Paused;
        case Action::Resume: return now.state != VmState::Paused;
    }
    return true;
}

/// In words that follow "a VM that".
std::string_view needed(Action action) {
    switch (action) {
        case Action::Start: return "is off, stopped or crashed";
        case Action::Stop: return "runs, is paused, or is about to start anew";
        case Action::Pause: return "runs";
        case Action::Resume: return "is paused";
        case Action::Restart: break;
    }
    return "there is";
}

std::expected<std::string, Failure> act(Command const& command, Managed& managed, std::uint32_t which,
                                        std::function<void(unsigned)> const& sleep) {
    auto const before = managed.facts(which);
    auto const verb = std::string{command.verb};
    if (managed.ask(which, command.action) != abi::Error::Success)
        return fail(Exit::Refused, before.name + " is " + std::string{abi::name(before.state)} + ", and \"" + verb +
                                       "\" is for a VM that " + std::string{needed(command.action)});
    auto now = managed.facts(which);
    for (unsigned waited = 0; !is_done(command.action, before, now) && waited < command.wait_ms; waited += poll_ms)
        sleep(poll_ms), now = managed.facts(which);
    if (command.wait_ms != 0 && !is_done(command.action, before, now))
        return fail(Exit::TooLate, verb + " was asked for, but after " + std::to_string(command.wait_ms / 1000) + " s " +
                                       now.name + " is " + std::string{abi::name(now.state)});
    return shown(command, now);
}

}  // namespace

std::expected<Command, Failure> parse(std::span<char const* const> words) {
    Command command;
    for (std::size_t i = 0; i < words.size(); ++i) {
        std::string_view const word = words[i];
        if (word == "--help" || word == "-h") return Command{};
        if (word == "--json") {
            command.json = true;
        } else if (word == "--wait") {
            auto const value = seconds(++i < words.size() ? words[i] : "");
            if (!value) return std::unexpected{value.error()};
            command.wait_ms = *value * 1000;
        } else if (word.starts_with('-')) {
            return fail(Exit::Usage, "there is no option \"" + std::string{word} + "\", but --json, --wait SECONDS or --help");
        } else if (!take_word(command, word)) {
            return fail(Exit::Usage, "\"" + std::string{word} + "\" is one word too many: a command takes one VM at a time");
        }
    }
    return complete(command);
}

std::expected<std::string, Failure> carry_out(Command const& command, Managed& managed,
                                              std::function<void(unsigned)> const& sleep) {
    if (command.kind == Command::Kind::Help) return std::string{usage()};
    if (command.vm.empty()) return all(command, managed);
    auto const which = wanted(command, managed);
    if (!which) return std::unexpected{which.error()};
    return command.kind == Command::Kind::Act ? act(command, managed, *which, sleep) : shown(command, managed.facts(*which));
}

std::string_view usage() {
    return R"(tiffinctl: the VMs that this one manages (`manages` in the device description)

  tiffinctl list                        all of them
  tiffinctl status [VM]                 one, or all
  tiffinctl start|stop|restart VM       from the pristine image; stop for good
  tiffinctl pause|resume VM             its time stands still in between

  --json          an object of the VM, or {"vms": [...]}; {"error": ...} if it fails
  --wait SECONDS  how long to wait until it is done (10; 0: only ask)

Exit status: 0 done; 1 refused in the VM's present state; 2 wrong command line; 3 no such VM among them;
4 no manager's page (or no right to /dev/mem); 5 not done in time.
)";
}

std::string as_json(Failure const& failure) {
    return R"({"error":{"status":)" + std::to_string(static_cast<int>(failure.exit)) + R"(,"message":)" + quoted(failure.words) +
           "}}\n";
}

}  // namespace tiffin::ctl
