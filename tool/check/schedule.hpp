// The static schedules of cores: who is in which window, and whether everybody on such a core has one.
#pragma once
#include "tool/board/board.hpp"
#include "tool/description/description.hpp"

namespace tiffin {

/// Checks the schedules against the domains and the board, and gives the vCPUs of a scheduled core the policy `windows` where
/// the description leaves it open.
void check_schedules(Description& description, Board const& board, Problems& problems);

}  // namespace tiffin
