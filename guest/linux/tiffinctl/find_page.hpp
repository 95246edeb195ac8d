// Where the device tree says that the manager's page is.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace tiffin::ctl {

/// The address of the node "tiffin,manager" right below the root of the tree in the folder `tree` (/proc/device-tree).
std::optional<std::uint64_t> find_page(std::string const& tree);

}  // namespace tiffin::ctl
