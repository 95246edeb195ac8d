#include "tool/trace/audit_command.hpp"

#include <fmt/format.h>

#include "tool/trace/audit.hpp"
#include "tool/trace/trace_command.hpp"

namespace tiffin {

int audit_command(std::span<contract::Core const> cores, std::string const& path, bool is_console_log,
                  std::optional<unsigned> core) {
    auto const file = open_trace(path, is_console_log);
    if (!file) return 1;
    auto bounds = contract::bounds(cores);
    std::erase_if(bounds.vcpus, [&](contract::Bound const& b) { return b.core != core.value_or(b.core); });
    std::erase_if(bounds.cores, [&](contract::PathBound const& b) { return b.core != core.value_or(b.core); });
    if (bounds.cores.empty()) {
        fmt::print(stderr, "no vCPU of the description is on core {}\n", *core);
        return 1;
    }
    auto const found = audit(*file, tell(*file), bounds);
    for (auto const& line : found.seen) fmt::print("{}\n", line);
    for (auto const& line : found.passed) fmt::print("PASSED {}\n", line);
    if (found.passed.empty())
        fmt::print("audit: every bound was kept\n");
    else
        fmt::print("audit: {} bound{} passed\n", found.passed.size(), found.passed.size() == 1 ? " was" : "s were");
    return found.passed.empty() ? 0 : 1;
}

}  // namespace tiffin
