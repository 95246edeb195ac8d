// The description, as the analysis sees it.
#pragma once
#include <vector>

#include "tool/check/grants.hpp"
#include "tool/contract/task_set.hpp"
#include "tool/description/description.hpp"

namespace tiffin {

/// The cores that have a vCPU, ascending. `grants` of each domain: their interrupts count.
std::vector<contract::Core> contract_cores(Description const& description, std::vector<std::vector<Grant>> const& grants);

/// Refuses what can't be met.
void check_contract(Description const& description, std::vector<contract::Core> const& cores, Problems& problems);

}  // namespace tiffin
