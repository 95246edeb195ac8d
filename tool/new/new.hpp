#pragma once
#include <string>

namespace tiffin {

/// `tiffin new DIR`: writes DIR/device.yaml to start from. Never overwrites. Exit status.
int write_new(std::string const& folder);

/// Its content: passes `check` once the sample guests were built.
std::string new_description();

}  // namespace tiffin
