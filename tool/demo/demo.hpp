#pragma once
#include <optional>
#include <string>

#include "tool/demo/stage.hpp"
#include "tool/run/run_command.hpp"

namespace tiffin {

struct FinalReport;

/// The report that ends the demo, from what the machine said, and from what it said when it ran without `timer-slack`.
std::string demo_report(BuildResult const& built, Watcher const& watcher, std::optional<FinalReport> const& no_slack);

/// `tiffin demo`: the device, as its script has it (demo.yaml beside the description), and once more without `timer-slack`, to compare. Leaves
/// demo.html in a folder, with pictures and sound where the device has any. 0 only if every VM did its job.
int demo(BuildResult const& built, BuildOptions const& build_options, DemoOptions options);

/// `tiffin demo hive`: 256. 0 only if all were alive, no deadline was missed, and shares were as their weights say.
int hive_demo(BuildResult const& built, BuildOptions const& build_options, unsigned timeout_s);

}  // namespace tiffin
