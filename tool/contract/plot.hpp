// A picture of each core's worst moment: everybody wakes at once, all use all of their budgets.
#pragma once
#include <span>
#include <string>

#include "tool/contract/task_set.hpp"

namespace tiffin::contract {

/// SVG. The same cores give the same bytes.
std::string plot(std::span<Core const> cores);

}  // namespace tiffin::contract
