// Perfetto's own format, which its UI (ui.perfetto.dev) opens.
#pragma once
#include <string>

#include "tool/trace/timeline.hpp"

namespace tiffin {

/// A serialised perfetto.protos.Trace: a track for each core with its turns, one for what EL2 does on it, one for each vCPU.
std::string to_perfetto(TraceFile const& file, Timeline const& timeline);

}  // namespace tiffin
