#include "tool/demo/report.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "tool/family.hpp"

namespace tiffin {
namespace {

/// The value of ` key=` in a line; empty if it is not there.
std::string_view value_of(std::string_view line, std::string_view key) {
    auto const wanted = fmt::format(" {}=", key);
    auto const at = line.find(wanted);
    if (at == line.npos) return {};
    auto const start = at + wanted.size();
    return line.substr(start, std::min(line.find(' ', start), line.size()) - start);
}

double percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

std::string title(VmReport const& vm) { return vm.vms == 1 ? vm.name : fmt::format("{} ({})", vm.name, vm.vms); }

double rate(std::uint64_t count, MachineReport const& machine) { return static_cast<double>(count) / machine.seconds(); }

/// What `timer-slack` saved the core, from a second run of the same machine.
std::string slack_line(MachineReport const& with, MachineReport const& without) {
    if (without.wakeups == 0) return "  not measured: the machine without timer-slack gave no report\n";
    auto const saved = 100 - 100 * rate(with.wakeups, with) / rate(without.wakeups, without);
    return fmt::format(
        "  timer-slack: the core woke {} times with it and {} times without ({:.1f} a second, {:.1f} % fewer), and was in use "
        "{:.2f} % "
        "and {:.2f} % of the time.\n",
        with.wakeups, without.wakeups, rate(without.wakeups, without), saved, 100 - percent(with.idle_ticks, with.ticks),
        100 - percent(without.idle_ticks, without.ticks));
}

}  // namespace

std::uint64_t number_of(std::string_view line, std::string_view key) {
    auto const text = value_of(line, key);
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::optional<VmReport> parse_vm_report(std::string_view line) {
    if (!line.starts_with("report vm=")) return std::nullopt;
    VmReport r;
    r.name = value_of(line, "vm"), r.state = value_of(line, "state");
    auto const exit = value_of(line, "exit");
    std::from_chars(exit.data(), exit.data() + exit.size(), r.exit);
    r.run_ticks = number_of(line, "run_ticks"), r.wakeups = number_of(line, "wakeups");
    r.traps = number_of(line, "traps"), r.switches = number_of(line, "switches");
    r.copied = number_of(line, "copied");
    return r;
}

std::optional<MachineReport> parse_machine_report(std::string_view line) {
    if (!line.starts_with("report machine ")) return std::nullopt;
    return MachineReport{number_of(line, "ticks"), number_of(line, "freq"), number_of(line, "idle_ticks"),
                         number_of(line, "wakeups"), number_of(line, "longest_sleep")};
}

FinalReport FinalReport::of(Watcher const& watcher) {
    FinalReport report;
    for (auto const& line : watcher.lines("tiffin")) {
        if (auto const vm = parse_vm_report(line)) report.vms.push_back(*vm);
        if (auto const machine = parse_machine_report(line)) report.machine = *machine;
    }
    return report;
}

FinalReport FinalReport::grouped() const {
    FinalReport out{machine, {}};
    for (auto const& vm : vms) {
        auto const name = family(vm.name);
        auto const known = std::ranges::find(out.vms, name, &VmReport::name);
        if (known == out.vms.end()) {
            out.vms.push_back(vm);
            out.vms.back().name = name;
            continue;
        }
        known->run_ticks += vm.run_ticks, known->wakeups += vm.wakeups, known->traps += vm.traps, known->copied += vm.copied;
        known->switches += vm.switches, ++known->vms;
        known->exit = std::max(known->exit, vm.exit);
        if (vm.state != known->state) known->state = "mixed";
    }
    return out;
}

std::string share_table(FinalReport const& report) {
    auto const& machine = report.machine;
    if (report.vms.empty()) return "  the hypervisor gave no report\n";
    auto out = fmt::format("  {:<12} {:>10} {:>6} {:>10} {:>10} {:>10} {:>10} {:>12}\n", "VM", "state", "exit", "core time",
                           "wake-ups", "traps", "switches", "copied, B");
    for (auto const& vm : report.vms) {
        out += fmt::format("  {:<12} {:>10} {:>6} {:>9.2f}% {:>10} {:>10} {:>10} {:>12}\n", title(vm), vm.state, vm.exit,
                           percent(vm.run_ticks, machine.ticks), vm.wakeups, vm.traps, vm.switches, vm.copied);
    }
    return out + fmt::format("  {:<12} {:>10} {:>6} {:>9.2f}%   of {:.2f} s of machine time\n", "(asleep)", "", "",
                             percent(machine.idle_ticks, machine.ticks), machine.seconds());
}

std::string battery_table(FinalReport const& report, std::optional<FinalReport> const& no_slack) {
    auto const& machine = report.machine;
    if (report.vms.empty() || machine.seconds() == 0) return "  the hypervisor gave no report\n";
    auto out = fmt::format("  {:<12} {:>12} {:>28}\n", "VM", "wake-ups/s", "idle on a chip of its own");
    unsigned sleepers = 0;
    double used = 0;
    for (auto const& vm : report.vms) {
        if (vm.wakeups == 0) {
            out += fmt::format("  {:<12} {:>12.1f} {:>28}\n", title(vm), 0.0, "never sleeps");
            continue;
        }
        auto const busy = percent(vm.run_ticks, machine.ticks);
        sleepers += vm.vms, used += busy;
        out += fmt::format("  {:<12} {:>12.1f} {:>27.2f}%{}\n", title(vm), rate(vm.wakeups, machine), 100 - busy / vm.vms,
                           vm.vms == 1 ? "" : " each");
    }
    auto const idle = percent(machine.idle_ticks, machine.ticks);
    out += fmt::format("  {:<12} {:>12.1f} {:>27.2f}%\n", "the one core", rate(machine.wakeups, machine), idle);
    out += fmt::format("  the longest that the core slept: {:.1f} ms; between two wake-ups on average: {:.1f} ms\n",
                       1000 * static_cast<double>(machine.longest_sleep) / static_cast<double>(machine.freq),
                       machine.wakeups == 0 ? 0 : 1000 * machine.seconds() / static_cast<double>(machine.wakeups));
    if (no_slack) out += slack_line(machine, no_slack->machine);
    if (sleepers == 0) return out;
    return out +
           fmt::format(
               "  {} chips of this speed for those that sleep would be idle {:.1f} % of the time, on average; the one core that "
               "does it all is in use {:.1f} %.\n",
               sleepers, 100 - used / sleepers, 100 - idle);
}

std::string lines_with(Watcher const& watcher, std::string const& vm, std::string_view words) {
    std::string out;
    for (auto const& line : watcher.lines(vm)) {
        if (line.find(words) != std::string::npos) out += fmt::format("  {}\n", line);
    }
    return out;
}

}  // namespace tiffin
