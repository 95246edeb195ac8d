// The VMs of one `count` (NAME-1, NAME-2...) are a family: tables show them as one row.
#pragma once
#include <algorithm>
#include <string_view>

namespace tiffin {

/// "w50" of "w50-17"; the whole name of a VM that has no number.
inline std::string_view family(std::string_view name) {
    auto const dash = name.rfind('-');
    if (dash == name.npos || dash + 1 == name.size()) return name;
    auto const number = name.substr(dash + 1);
    return std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; }) ? name.substr(0, dash) : name;
}

}  // namespace tiffin
