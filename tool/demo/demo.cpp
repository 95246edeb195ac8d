#include "tool/demo/demo.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <unistd.h>

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

std::uint64_t number_of(std::string_view line, std::string_view key) {
    auto const text = value_of(line, key);
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

double percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

std::string lines_with(Watcher const& watcher, std::string const& vm, std::string_view words) {
    std::string out;
    for (auto const& line : watcher.lines(vm)) {
        if (line.find(words) != std::string::npos) out += fmt::format("  {}\n", line);
    }
    return out;
}

std::string share_table(Watcher const& watcher) {
    MachineReport machine;
    std::vector<VmReport> vms;
    for (auto const& line : watcher.lines("tiffin")) {
        if (auto const vm = parse_vm_report(line)) vms.push_back(*vm);
        if (auto const m = parse_machine_report(line)) machine = *m;
    }
    if (vms.empty()) return "  the hypervisor gave no report\n";
    auto out = fmt::format("  {:<12} {:>10} {:>6} {:>10} {:>10} {:>10} {:>10}\n", "VM", "state", "exit", "core time", "wake-ups",
                           "traps", "switches");
    for (auto const& vm : vms) {
        out += fmt::format("  {:<12} {:>10} {:>6} {:>9.2f}% {:>10} {:>10} {:>10}\n", vm.name, vm.state, vm.exit,
                           percent(vm.run_ticks, machine.ticks), vm.wakeups, vm.traps, vm.switches);
    }
    auto const seconds = machine.freq == 0 ? 0 : static_cast<double>(machine.ticks) / static_cast<double>(machine.freq);
    return out + fmt::format("  {:<12} {:>10} {:>6} {:>9.2f}%   of {:.2f} s of machine time\n", "(asleep)", "", "",
                             percent(machine.idle_ticks, machine.ticks), seconds);
}

struct Job {
    char const *vm, *proof;  // the words that only a VM which did its job says
};
constexpr Job jobs[] = {{"linux", "linux: job done"},
                        {"control", "control: job done"},
                        {"metronome", "metronome: jobs=[0-9]+ missed=0"},
                        {"idler", "idler: job done"}};

}  // namespace

std::optional<VmReport> parse_vm_report(std::string_view line) {
    if (!line.starts_with("report vm=")) return std::nullopt;
    VmReport r;
    r.name = value_of(line, "vm"), r.state = value_of(line, "state");
    auto const exit = value_of(line, "exit");
    std::from_chars(exit.data(), exit.data() + exit.size(), r.exit);
    r.run_ticks = number_of(line, "run_ticks"), r.wakeups = number_of(line, "wakeups");
    r.traps = number_of(line, "traps"), r.switches = number_of(line, "switches");
    return r;
}

std::optional<MachineReport> parse_machine_report(std::string_view line) {
    if (!line.starts_with("report machine ")) return std::nullopt;
    return MachineReport{number_of(line, "ticks"), number_of(line, "freq"), number_of(line, "idle_ticks")};
}

std::string demo_report(Watcher const& watcher, Packed const& packed) {
    auto const plan = packed.plan();
    auto out = fmt::format("\nOne core, {} VMs:\n", plan.vms().size()) + share_table(watcher);
    out += "\nThe 1 ms job of the standalone app, latencies in ns of machine time (one instruction is 1 ns):\n";
    out += lines_with(watcher, "metronome", "metronome: jobs=");
    out += "\ncyclictest of the PREEMPT_RT kernel, in us:\n" + lines_with(watcher, "control", "T:");
    out += fmt::format(
        "\nSizes: hypervisor {} KiB with its data and stacks, boot image {} KiB (all guests in it), {} KiB of RAM for the "
        "hypervisor's state and "
        "tables.\n",
        packed.plan_offset >> 10, packed.image.size() >> 10, plan.header().pool_bytes >> 10);
    out +=
        "\nNext: tiffin new my-device      a description of your own to start from\n"
        "      tiffin run examples/two-vms/device.yaml --icount      (keys: Ctrl-] shows the console's, Ctrl-] q quits)\n"
        "      tiffin bench              what it costs, against no hypervisor and Xen\n";
    return out;
}

int demo(BuildResult const& built, BuildOptions const& build_options, unsigned timeout_s) {
    std::string why;
    auto const symbols = Symbols::open(hypervisor_elf(default_hypervisor(Places{build_options.description})), why);
    Watcher::Options watch{.colour = isatty(STDOUT_FILENO) != 0, .symbols = symbols ? &*symbols : nullptr, .expectations = {}};
    for (auto const& job : jobs) {
        watch.expectations.push_back(*parse_expectation(fmt::format("{}={}", job.vm, job.proof), why));
    }
    Watcher watcher{std::move(watch)};
    TemporaryImage const image{built.packed->image};
    if (!image.error().empty()) {
        fmt::print(stderr, "tiffin: {}\n", image.error());
        return 1;
    }
    RunOptions const options{
        .icount = true, .timeout_s = timeout_s, .expect = {}, .log = {}, .trace = {}, .monitor = {}, .serial = {}};
    auto const result = run_machine(qemu_command(built.description.machine, image.path(), options), options, watcher);
    fmt::print("{}", demo_report(watcher, *built.packed));
    std::fflush(stdout);
    report_end(result, options, watcher);
    auto const met = report_expectations(watcher);
    fmt::print("\n{}\n", result.status == 0 && met ? "Every VM did its job." : "NOT every VM did its job.");
    return result.status == 0 && !met ? 1 : result.status;
}

}  // namespace tiffin
