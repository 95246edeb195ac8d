// A running QEMU, and the loop between it and whoever looks at its serial line.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tool/description/description.hpp"
#include "tool/run/watcher.hpp"

namespace tiffin {

namespace gdb {
class Port;
}

class Director;

struct RunOptions {
    bool icount{false};               // count instructions: exact and repeatable, and slower
    bool idle_for_real{false};        // with icount: what the machine sleeps takes as long on the host, and is not skipped
    unsigned timeout_s{0};            // of host time; 0: none
    std::vector<std::string> expect;  // VM=REGEX
    std::string log;                  // a copy of the serial line; may be empty
    std::string trace;                // a file for the trace, written at the end and on SIGUSR1; may be empty
    std::string monitor;              // the path of QEMU's monitor; not empty if `trace` is not
    gdb::Port* debugger{nullptr};     // where gdb connects
    Director* director{nullptr};      // what is done to it on the way; needs `monitor`
    std::string display{"none"};      // of QEMU's -display
    std::string serial;               // a Unix socket's path at which `tiffin console` can attach; may be empty
};

inline constexpr int timed_out = 124;  // as timeout(1)

struct RunResult {
    int status{1};
    bool timed_out{false};
    bool quit{false};           // by the user
    std::string trace_problem;  // why no trace was written; empty if it was, or none was asked for
};

/// The command line that boots `image`.
std::vector<std::string> qemu_command(Machine const& machine, std::string const& image, RunOptions const& options);

/// Runs the machine until it stops, the time is up, or the user quits. What it says goes to stdout, keys of a terminal go to it.
RunResult run_machine(std::vector<std::string> const& command, RunOptions const& options, Watcher& watcher);

/// `tiffin console`: attaches the terminal to a running machine's socket. Exit status.
int attach_console(std::string const& socket_path);

}  // namespace tiffin
