// From a description file to a checked, packed image: the whole way that `check`, `build` and `run` share.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tool/contract/task_set.hpp"
#include "tool/pack/pack.hpp"

namespace tiffin {

struct BuildOptions {
    std::string description;  // path
    std::string board;        // --board: a device tree blob that overrides the description's; may be empty
    std::string hypervisor;   // --hypervisor: the binary; empty: the built one
    bool check_only{false};   // a stand-in will do for a hypervisor that was not built yet
    std::string wait_for{};   // a VM that shall wait for its debugger; may be empty
    bool no_slack{false};     // as if no VM had a `timer-slack`: what the same machine does without
};

struct BuildResult {
    Problems problems;
    Description description;
    std::vector<contract::Core> cores;  // what the contract is about; empty if the description is too wrong for it
    std::optional<Packed> packed;       // there if no problem was found
};

BuildResult build(BuildOptions const& options);

/// The default of --hypervisor, and the ELF with its symbols beside it.
std::string default_hypervisor(Places const& places);
std::string hypervisor_elf(std::string const& binary);

}  // namespace tiffin
