#include "tool/demo/hive.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "tool/demo/report.hpp"
#include "tool/description/units.hpp"
#include "tool/family.hpp"

namespace tiffin {
namespace {

constexpr double most_error = 1;  // per cent, of a worker's share

/// A worker is a `share` VM with siblings: it was written with a `count`.
bool is_worker(PlanView const& plan, abi::VmRecord const& vm) {
    auto const name = plan.string(vm.name);
    return family(name) != name && plan.vcpus_of(vm)[0].policy == abi::Policy::Share;
}

bool is_fixed(PlanView const& plan, abi::VmRecord const& vm) { return plan.vcpus_of(vm)[0].policy == abi::Policy::Fixed; }

/// The last line of `vm` that holds `words`; empty if there is none.
std::string last_line(Watcher const& watcher, std::string const& vm, std::string_view words) {
    auto const& lines = watcher.lines(vm);
    auto const found = std::find_if(lines.rbegin(), lines.rend(), [&](auto const& l) { return l.find(words) != l.npos; });
    return found == lines.rend() ? std::string{} : *found;
}

/// "done" of the Linux guests and the control loops; empty if all is well.
std::string missing_job(Watcher const& watcher, std::string const& vm, bool fixed) {
    auto const loop = last_line(watcher, vm, "metronome: jobs=");
    if (!loop.empty()) return number_of(loop, "missed") == 0 ? "" : fmt::format("missed {} jobs", number_of(loop, "missed"));
    if (!last_line(watcher, vm, "job done").empty()) return "";
    return fixed ? "did not report its jobs" : "did not do its job";
}

std::string share_rows(std::vector<WorkerShare> const& shares) {
    std::map<std::uint64_t, std::vector<WorkerShare const*>> by_weight;
    for (auto const& s : shares) by_weight[s.weight].push_back(&s);
    auto out = fmt::format("  {:>6} {:>8} {:>10} {:>10} {:>10} {:>14}\n", "weight", "workers", "least ms", "mean ms", "most ms",
                           "worst error");
    for (auto const& [weight, all] : by_weight) {
        auto const [least, most] = std::ranges::minmax_element(all, {}, &WorkerShare::ran_us);
        double sum = 0, worst = 0;
        for (auto const* s : all) sum += static_cast<double>(s->ran_us), worst = std::max(worst, std::abs(s->error));
        out += fmt::format("  {:>6} {:>8} {:>10.3f} {:>10.3f} {:>10.3f} {:>12.2f} %\n", weight, all.size(),
                           static_cast<double>((*least)->ran_us) / 1000, sum / static_cast<double>(all.size()) / 1000,
                           static_cast<double>((*most)->ran_us) / 1000, worst);
    }
    return out;
}

std::string loop_rows(PlanView const& plan, Watcher const& watcher) {
    auto out = fmt::format("  {:<10} {:>9} {:>9} {:>7} {:>7} {:>11} {:>11}\n", "VM", "period", "budget", "jobs", "missed",
                           "late, avg", "late, most");
    for (auto const& vm : plan.vms()) {
        auto const name = std::string{plan.string(vm.name)};
        auto const line = last_line(watcher, name, "metronome: jobs=");
        if (line.empty()) continue;
        auto const& vcpu = plan.vcpus_of(vm)[0];
        out += fmt::format("  {:<10} {:>9} {:>9} {:>7} {:>7} {:>8} ns {:>8} ns\n", name, time_text(vcpu.period_ns),
                           time_text(vcpu.budget_ns), number_of(line, "jobs"), number_of(line, "missed"), number_of(line, "avg"),
                           number_of(line, "max"));
    }
    return out;
}

}  // namespace

HiveDigest::HiveDigest(PlanView const& plan) {
    for (auto const& vm : plan.vms())
        if (tiffin::is_worker(plan, vm)) workers_.emplace(plan.string(vm.name), false);
}

bool HiveDigest::is_worker(std::string_view vm) const { return workers_.contains(vm); }

std::optional<std::string> HiveDigest::operator()(std::string_view vm, std::string_view text) {
    auto const progress = [&](unsigned& count, std::string_view what) -> std::string {
        ++count;
        if (count % 50 != 0 && count != workers_.size()) return "";
        return fmt::format("hive: {} of {} workers {}\n", count, workers_.size(), what);
    };
    if (is_worker(vm)) {
        if (text.starts_with("worker: alive")) return progress(alive_, "are alive");
        if (text.starts_with("worker: ran_us=")) return progress(reported_, "have reported");
        return std::nullopt;  // something else is something wrong
    }
    if (vm != "tiffin") return std::nullopt;
    if (text.starts_with("report ")) return "";  // told in tables
    auto const name = text.substr(0, text.find(':'));
    return is_worker(name) && text.ends_with("status 0") ? std::optional<std::string>{""} : std::nullopt;
}

std::vector<WorkerShare> worker_shares(PlanView const& plan, Watcher const& watcher) {
    std::vector<WorkerShare> shares;
    double ran = 0, weights = 0;
    for (auto const& vm : plan.vms()) {
        if (!is_worker(plan, vm)) continue;
        auto const name = std::string{plan.string(vm.name)};
        auto const line = last_line(watcher, name, "worker: ran_us=");
        if (line.empty()) continue;
        shares.push_back({name, plan.vcpus_of(vm)[0].weight, number_of(line, "ran_us"), 0});
        ran += static_cast<double>(shares.back().ran_us), weights += static_cast<double>(shares.back().weight);
    }
    for (auto& s : shares) {
        auto const due = ran * static_cast<double>(s.weight) / weights;
        s.error = due == 0 ? 100 : 100 * (static_cast<double>(s.ran_us) / due - 1);
    }
    return shares;
}

std::vector<std::string> hive_failures(PlanView const& plan, Watcher const& watcher) {
    std::vector<std::string> failures;
    for (auto const& vm : plan.vms()) {
        auto const name = std::string{plan.string(vm.name)};
        if (is_worker(plan, vm)) {
            if (last_line(watcher, name, "worker: alive").empty()) failures.push_back(name + " never said that it is alive");
            if (last_line(watcher, name, "worker: ran_us=").empty()) failures.push_back(name + " did not report its share");
        } else if (auto const why = missing_job(watcher, name, is_fixed(plan, vm)); !why.empty()) {
            failures.push_back(fmt::format("{} {}", name, why));
        }
    }
    for (auto const& s : worker_shares(plan, watcher))
        if (std::abs(s.error) > most_error) failures.push_back(fmt::format("{} had {:+.2f} % of its share", s.name, s.error));
    return failures;
}

std::string hive_report(PlanView const& plan, Watcher const& watcher) {
    auto const report = FinalReport::of(watcher).grouped();
    auto out = fmt::format("\nOne core, {} VMs:\n{}", plan.vms().size(), share_table(report));
    out += "\nThe control loops: how late a job began, in machine time (one instruction is 1 ns):\n" + loop_rows(plan, watcher);
    out += "\ncyclictest of the PREEMPT_RT kernel, in us:\n" + lines_with(watcher, "control", "T:");
    out += "\nWhat each worker had of the core in ten seconds that all measured alike, against its weight:\n";
    out += share_rows(worker_shares(plan, watcher));
    out += "\nBattery:\n" + battery_table(report);
    out += fmt::format("\nRAM of the hypervisor for all of them: {} KiB.\n", plan.header().pool_bytes >> 10);
    return out;
}

}  // namespace tiffin
