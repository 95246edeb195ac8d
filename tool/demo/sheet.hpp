// Screenshots joined into one picture.
#pragma once
#include <string>
#include <vector>

namespace tiffin {

/// Writes the PNG files `from` into the PNG file `to`, beside and below each other in the order of reading, each as large as it is. What went
/// wrong; empty: nothing.
std::string join_pictures(std::vector<std::string> const& from, std::string const& to);

}  // namespace tiffin
