// The hypervisor's final report, read back, and the tables that a demo ends with.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tool/run/watcher.hpp"

namespace tiffin {

/// One VM's line of the report: `report vm=NAME key=value ...`. Or the sum of several alike.
struct VmReport {
    std::string name, state;
    int exit{-1};
    std::uint64_t run_ticks{0}, wakeups{0}, traps{0}, switches{0}, copied{0};
    unsigned vms{1};
};

/// `report machine ticks=N freq=HZ idle_ticks=N wakeups=N longest_sleep=TICKS`.
struct MachineReport {
    std::uint64_t ticks{0}, freq{0}, idle_ticks{0}, wakeups{0}, longest_sleep{0};

    [[nodiscard]] double seconds() const { return freq == 0 ? 0 : static_cast<double>(ticks) / static_cast<double>(freq); }
};

std::optional<VmReport> parse_vm_report(std::string_view line);
std::optional<MachineReport> parse_machine_report(std::string_view line);

/// The number of ` key=` in a line; 0 if it is not there.
std::uint64_t number_of(std::string_view line, std::string_view key);

/// What the hypervisor said when the machine stopped.
struct FinalReport {
    MachineReport machine;
    std::vector<VmReport> vms;

    static FinalReport of(Watcher const& watcher);
    /// VMs of one `count` (NAME-1, NAME-2...) made one row each.
    [[nodiscard]] FinalReport grouped() const;
};

/// Who had how much of the core.
std::string share_table(FinalReport const& report);
/// Wake-ups a second, and what each function would leave idle on a chip of its own, beside the one core that ran them all.
/// `no_slack`: the report of the same machine without any `timer-slack`, if it was run.
std::string battery_table(FinalReport const& report, std::optional<FinalReport> const& no_slack = {});
/// The lines of a VM that hold `words`, indented.
std::string lines_with(Watcher const& watcher, std::string const& vm, std::string_view words);

}  // namespace tiffin
