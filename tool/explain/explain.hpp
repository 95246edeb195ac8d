#pragma once
#include <string>

#include "tool/pack/pack.hpp"

namespace tiffin {

/// The memory map as tables: the board's, then each guest's, and who runs where. Ends with a newline.
std::string explain(Packed const& packed);

}  // namespace tiffin
