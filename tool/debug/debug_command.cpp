#include "tool/debug/debug_command.hpp"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>

#include "tool/debug/port.hpp"
#include "tool/run/run_command.hpp"

namespace tiffin::gdb {
namespace {

/// The VM's number in the plan, which may have another order than the description; or nothing, and why is said.
std::optional<unsigned> find(BuildResult const& built, std::string const& name) {
    auto const& domains = built.description.domains;
    auto const domain = std::ranges::find_if(domains, [&](Domain const& d) { return d.name.value == name; });
    if (domain == domains.end()) {
        fmt::print(stderr, "tiffin: the description has no VM \"{}\"\n", name);
        return std::nullopt;
    }
    if (!domain->debug) {
        fmt::print(stderr, "tiffin: {} may not be debugged\nadd `debug: true` to it, at line {} of the description\n", name,
                   domain->name.at.line);
        return std::nullopt;
    }
    auto const plan = built.packed->plan();
    for (unsigned id = 0; id < plan.vms().size(); ++id)
        if (plan.string(plan.vms()[id].name) == name) return id;
    return std::nullopt;
}

}  // namespace

int run_debugged(BuildResult const& built, BuildOptions const& build_options, RunOptions options, std::string const& vm,
                 std::uint16_t port) {
    auto const id = find(built, vm);
    if (!id) return 1;
    Port debugger{*id, vm};
    if (auto const why = debugger.listen(port); !why.empty()) {
        fmt::print(stderr, "tiffin: {}\n", why);
        return 1;
    }
    fmt::print("tiffin: {} waits for gdb: gdb-multiarch -ex 'target remote :{}'\n", vm, debugger.number());
    std::fflush(stdout);
    options.debugger = &debugger;
    return run_built(built, build_options, options);
}

}  // namespace tiffin::gdb
