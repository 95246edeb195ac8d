// `tiffin trace`: reads a trace, says what is in it, and writes it in forms that can be looked at.
#pragma once
#include <optional>
#include <string>

#include "tool/trace/trace_file.hpp"

namespace tiffin {

struct TraceOptions {
    std::string file;      // what `tiffin run --trace` wrote, or a dump of memory; empty with `console`
    std::string console;   // a log of the console in which the shell's `trace` was printed
    std::string perfetto;  // files to write; may be empty
    std::string html;
    bool json{false};  // the summary
};

/// Says on stderr what is wrong with the file.
std::optional<TraceFile> open_trace(std::string const& path, bool is_console_log);

/// Exit status.
int trace_command(TraceOptions const& options);

}  // namespace tiffin
