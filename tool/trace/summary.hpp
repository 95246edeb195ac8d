// A trace in a few lines: for the terminal, and as JSON for scripts.
#pragma once
#include <string>

#include "tool/trace/timeline.hpp"

namespace tiffin {

/// The longest path of a core since boot (the ring's header remembers it), or with `core` missing of all.
struct LongestPath {
    std::uint32_t core{0};
    abi::TracePath path{};
};
LongestPath longest_path(TraceFile const& file);

std::string summary_text(TraceFile const& file, Timeline const& timeline);
std::string summary_json(TraceFile const& file, Timeline const& timeline);

}  // namespace tiffin
