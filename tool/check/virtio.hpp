// Who serves which virtio device of whom.
#pragma once
#include <vector>

#include "abi/plan.hpp"
#include "tool/description/description.hpp"

namespace tiffin {

/// The devices, as the plan has them; but client and server are indices of `description.domains`, and the order is theirs.
std::vector<abi::VirtioRecord> check_virtio(Description const& description, Problems& problems);

}  // namespace tiffin
