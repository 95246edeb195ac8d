#pragma once
#include <string>

#include "tool/run/run_command.hpp"

namespace tiffin {

/// The report that ends the demo, from what the machine said.
std::string demo_report(Watcher const& watcher, Packed const& packed);

/// `tiffin demo`: four VMs on one core. 0 only if every VM did its job.
int demo(BuildResult const& built, BuildOptions const& build_options, unsigned timeout_s);

/// `tiffin demo hive`: 256. 0 only if all were alive, no deadline was missed, and shares were as their weights say.
int hive_demo(BuildResult const& built, BuildOptions const& build_options, unsigned timeout_s);

}  // namespace tiffin
