// What would make a deadline hold.
#pragma once
#include <vector>

#include "tool/contract/task_set.hpp"

namespace tiffin::contract {

/// One change of the description; each alone is enough.
struct Mend {
    enum class What : std::uint8_t { Budget, Priority, Deadline };
    What what;
    std::size_t task;  // index into Core::tasks: whose
    Ns value;          // the most for a budget, the least for a priority or a deadline
};

/// For core.tasks[task], which misses its deadline or has no worst case. Whoever held its deadline before still does.
std::vector<Mend> mends(Core const& core, std::size_t task);

Core mended(Core core, Mend const& mend);

/// Does it have a worst response, and is that within its deadline?
bool holds(Core const& core, std::size_t task);

}  // namespace tiffin::contract
