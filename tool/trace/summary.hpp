// A trace in a few lines: for the terminal, and as JSON for scripts.
#pragma once
#include <string>

#include "tool/trace/timeline.hpp"

namespace tiffin {

/// The longest path of a core since boot (the ring's header remembers it).
abi::TracePath const& longest_path(CoreTrace const& core);

std::string summary_text(TraceFile const& file, Timeline const& timeline);
std::string summary_json(TraceFile const& file, Timeline const& timeline);

}  // namespace tiffin
