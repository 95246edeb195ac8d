// The contract in words: refusals with their arithmetic, and the table of `tiffin check --explain`.
#pragma once
#include <span>
#include <string>

#include "tool/contract/task_set.hpp"

namespace tiffin::contract {

/// "1.34 ms", "12.5 us", "950 ns": exact, to be added up.
std::string duration(Ns time);
/// Its VM, and which vCPU if the VM has several on its cores: `"linux"`, `"linux" vCPU 1`.
std::string name_of(Core const& core, std::size_t task);

struct Refusal {
    std::string what, expected, hint;
};

/// Why core.tasks[task] breaks the contract, or nothing in `what`.
Refusal refusal(Core const& core, std::size_t task);

/// Of all cores: who gets what, and what it is made of.
std::string explain(std::span<Core const> cores);

}  // namespace tiffin::contract
