#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tool/run/run_command.hpp"

namespace tiffin {

/// One VM's line of the hypervisor's final report: `report vm=NAME key=value ...`.
struct VmReport {
    std::string name, state;
    int exit{-1};
    std::uint64_t run_ticks{0}, wakeups{0}, traps{0}, switches{0};
};

/// `report machine ticks=N freq=HZ idle_ticks=N`.
struct MachineReport {
    std::uint64_t ticks{0}, freq{0}, idle_ticks{0};
};

std::optional<VmReport> parse_vm_report(std::string_view line);
std::optional<MachineReport> parse_machine_report(std::string_view line);

/// The report that ends the demo, from what the machine said.
std::string demo_report(Watcher const& watcher, Packed const& packed);

/// `tiffin demo`: four VMs on one core. 0 only if every VM did its job.
int demo(BuildResult const& built, BuildOptions const& build_options, unsigned timeout_s);

}  // namespace tiffin
