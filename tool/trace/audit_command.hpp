// `tiffin audit`: did a run keep what the description promises?
#pragma once
#include <optional>
#include <span>
#include <string>

#include "tool/contract/task_set.hpp"

namespace tiffin {

/// With `core`, only what that core did. Exit status: 0 if every bound was kept, 1 if one was passed or the trace can't be read.
int audit_command(std::span<contract::Core const> cores, std::string const& file, bool is_console_log,
                  std::optional<unsigned> core);

}  // namespace tiffin
