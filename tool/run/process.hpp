// Starting other programs. No shell stands between: arguments are passed as they are.
#pragma once
#include <string>
#include <vector>

namespace tiffin {

/// Runs a program to its end with its output discarded; its exit status, or 127 if it could not be started.
int run_quietly(std::vector<std::string> const& command);

/// Runs a program to its end; what it wrote to its standard output. Empty if it could not be started.
std::string output_of(std::vector<std::string> const& command);

/// Replaces this process. Returns only if the program could not be started: the exit status to give then (127).
int become(std::vector<std::string> const& command);

}  // namespace tiffin
