// What the tests of budgets share: a VM with one, and time that passes by nothing but EL2's own deadlines.
#pragma once
#include "core/testing.hpp"

namespace tiffin::testing {

inline constexpr std::uint64_t us = 1000, ms = 1'000'000;

inline std::uint64_t ticks(std::uint64_t nanoseconds) {
    return static_cast<std::uint64_t>(static_cast<double>(nanoseconds) * static_cast<double>(Board::hw().frequency) / 1e9);
}

inline VmSpec budgeted(std::uint32_t priority, std::uint64_t budget, std::uint64_t period, bool background = false) {
    return {
        .policy = abi::Policy::Fixed, .priority = priority, .budget_ns = budget, .period_ns = period, .background = background};
}

/// Lets the machine run for `nanoseconds`, by nothing but its own deadlines.
inline void pass(Board& board, std::uint64_t nanoseconds) {
    auto const end = board.hw().counter + ticks(nanoseconds);
    while (board.hw().deadline < end) board.fire_deadline();
    board.hw().counter = end;
}

inline std::uint64_t board_time(Board& board) { return board.hw().counter; }

}  // namespace tiffin::testing
