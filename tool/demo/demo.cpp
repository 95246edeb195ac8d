#include "tool/demo/demo.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <unistd.h>

#include "tool/contract/words.hpp"
#include "tool/demo/hive.hpp"
#include "tool/demo/report.hpp"

namespace tiffin {
namespace {

struct Job {
    char const *vm, *proof;  // the words that only a VM which did its job says
};
constexpr Job jobs[] = {{"linux", "linux: job done"},
                        {"control", "control: job done"},
                        {"metronome", "metronome: jobs=[0-9]+ missed=0"},
                        {"idler", "idler: job done"}};

}  // namespace

std::string demo_report(BuildResult const& built, Watcher const& watcher, std::optional<FinalReport> const& no_slack) {
    auto const& packed = *built.packed;
    auto const plan = packed.plan();
    auto out = fmt::format("\nOne core, {} VMs:\n", plan.vms().size()) + share_table(FinalReport::of(watcher));
    out += "\nThe 1 ms job of the standalone app, latencies in ns of machine time (one instruction is 1 ns):\n";
    out += lines_with(watcher, "metronome", "metronome: jobs=");
    out += "\ncyclictest of the PREEMPT_RT kernel, in us:\n" + lines_with(watcher, "control", "T:");
    out += "\nThe contract, proved before the image was built (tiffin check --explain):\n" + contract::explain(built.cores);
    out += "Battery:\n" + battery_table(FinalReport::of(watcher), no_slack);
    out += fmt::format(
        "\nSizes: hypervisor {} KiB with its data and stacks, boot image {} KiB (all guests in it), {} KiB of RAM for the "
        "hypervisor's state and "
        "tables.\n",
        packed.plan_offset >> 10, packed.image.size() >> 10, plan.header().pool_bytes >> 10);
    out +=
        "\nNext: tiffin new my-device      a description of your own to start from\n"
        "      tiffin demo hive          256 VMs on the one core\n"
        "      tiffin run examples/two-vms/device.yaml --icount      (keys: Ctrl-] shows the console's, Ctrl-] q quits)\n"
        "      tiffin bench              what it costs, against no hypervisor and Xen\n";
    return out;
}

namespace {

/// The image, run to its end under exact counts; false, and a message, if it cannot be run.
bool run_to_the_end(BuildResult const& built, unsigned timeout_s, Watcher& watcher, RunResult& result) {
    TemporaryImage const image{built.packed->image};
    if (!image.error().empty()) {
        fmt::print(stderr, "tiffin: {}\n", image.error());
        return false;
    }
    RunOptions const options{
        .icount = true, .timeout_s = timeout_s, .expect = {}, .log = {}, .trace = {}, .monitor = {}, .serial = {}};
    result = run_machine(qemu_command(built.description.machine, image.path(), options), options, watcher);
    report_end(result, options, watcher);
    return true;
}

/// The same machine without any `timer-slack`, unseen: what it would have woken for. Nothing, if nobody has slack.
std::optional<FinalReport> run_without_slack(BuildResult const& built, BuildOptions options, unsigned timeout_s) {
    if (std::ranges::none_of(built.description.domains, [](Domain const& d) { return d.timer_slack != 0; })) return std::nullopt;
    fmt::print("\nThe same machine once more, without timer-slack, to count how often its core wakes ...\n");
    std::fflush(stdout);
    options.no_slack = true;
    auto const other = build(options);
    Watcher silent{{.colour = false, .symbols = nullptr, .expectations = {}, .digest = [](auto, auto) { return std::string{}; }}};
    RunResult result;
    if (other.packed) run_to_the_end(other, timeout_s, silent, result);
    return FinalReport::of(silent);
}

int verdict(RunResult const& result, bool met) {
    fmt::print("\n{}\n", result.status == 0 && met ? "Every VM did its job." : "NOT every VM did its job.");
    return result.status == 0 && !met ? 1 : result.status;
}

}  // namespace

int demo(BuildResult const& built, BuildOptions const& build_options, unsigned timeout_s) {
    std::string why;
    auto const symbols = Symbols::open(hypervisor_elf(default_hypervisor(Places{build_options.description})), why);
    Watcher::Options watch{
        .colour = isatty(STDOUT_FILENO) != 0, .symbols = symbols ? &*symbols : nullptr, .expectations = {}, .digest = {}};
    for (auto const& job : jobs) {
        watch.expectations.push_back(*parse_expectation(fmt::format("{}={}", job.vm, job.proof), why));
    }
    Watcher watcher{std::move(watch)};
    RunResult result;
    if (!run_to_the_end(built, timeout_s, watcher, result)) return 1;
    fmt::print("{}", demo_report(built, watcher, run_without_slack(built, build_options, timeout_s)));
    std::fflush(stdout);
    return verdict(result, report_expectations(watcher));
}

int hive_demo(BuildResult const& built, BuildOptions const& build_options, unsigned timeout_s) {
    std::string why;
    auto const symbols = Symbols::open(hypervisor_elf(default_hypervisor(Places{build_options.description})), why);
    auto const plan = built.packed->plan();
    Watcher watcher{{.colour = isatty(STDOUT_FILENO) != 0,
                     .symbols = symbols ? &*symbols : nullptr,
                     .expectations = {},
                     .digest = HiveDigest{plan}}};
    RunResult result;
    if (!run_to_the_end(built, timeout_s, watcher, result)) return 1;
    fmt::print("{}", hive_report(plan, watcher));
    std::fflush(stdout);
    auto const failures = hive_failures(plan, watcher);
    for (auto const& failure : failures) fmt::print(stderr, "tiffin: {}\n", failure);
    return verdict(result, failures.empty());
}

}  // namespace tiffin
