// EL2's own view of memory: identity, each page with the least it needs (nothing is both writable and executable).
#pragma once
#include "core/mem/pool.hpp"
#include "plan/view.hpp"

namespace tiffin {

/// Builds EL2's stage 1 in `pool` and turns it on. Stacks have an unmapped page below; the plan and the guests' images are
/// read-only.
void map_el2(Pool& pool, PlanView const& plan);

}  // namespace tiffin
