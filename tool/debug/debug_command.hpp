#pragma once
#include <cstdint>
#include <string>

#include "tool/build.hpp"
#include "tool/run/machine.hpp"

namespace tiffin::gdb {

/// `tiffin debug`: runs the machine, with a port for gdb. Exit status as `tiffin run`.
int run_debugged(BuildResult const& built, BuildOptions const& build_options, RunOptions options, std::string const& vm,
                 std::uint16_t port);

}  // namespace tiffin::gdb
