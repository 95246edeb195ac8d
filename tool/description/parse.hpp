#pragma once
#include <string>

#include "tool/description/description.hpp"

namespace tiffin {

/// Reads `text`, the content of the description file `problems.file()`. Always gives a description, as complete as it can be;
/// it is to be used only if no problem was found.
Description parse_description(std::string text, Problems& problems);

}  // namespace tiffin
