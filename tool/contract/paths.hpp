// What EL2's paths cost: instructions, measured by the bench, and what they are on a board.
#pragma once
#include <span>
#include <string_view>

#include "tool/contract/task_set.hpp"

namespace tiffin::contract {

struct Path {
    std::string_view name;
    std::uint64_t instructions;
    std::string_view from;  // how it was measured
};
std::span<Path const> paths();

/// On a board whose cores execute so many instructions of EL2 a second; `margin` (per cent) is added. `cores` may want a lock.
Overheads overheads_of(std::uint64_t instructions_per_second, std::uint64_t margin, unsigned cores);

/// What a wake-up must take from its own budget (Overheads::wake_charge), so that no budget pays for more of them than it has: the switch
/// away from it, and every interrupt that can come for it and for whom it displaces.
Ns whole_wake_charge(Overheads const& overheads, std::span<Task const> tasks);

}  // namespace tiffin::contract
