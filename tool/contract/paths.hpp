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
    // Of a lock, whose longest hold `instructions` is: how often one path takes it, at most.
    unsigned by_guest{0}, by_interrupt{0};
};
std::span<Path const> paths();

/// Who else may hold a lock that a core wants.
struct Sharing {
    unsigned cores{1};     // in use, this one included: they share the console, and the VMIDs
    unsigned partners{0};  // other cores with a vCPU of a VM that has one here, too: the most of any VM
    bool virtio{false};    // VMs serve each other's virtio devices: they share a lock
};

/// On a board whose cores execute so many instructions of EL2 a second; `margin` (per cent) is added.
Overheads overheads_of(std::uint64_t instructions_per_second, std::uint64_t margin, Sharing sharing = {});

/// What a wake-up must take from its own budget (Overheads::wake_charge), so that no budget pays for more of them than it has: the switch
/// away from it, and every interrupt that can come for it and for whom it displaces.
Ns whole_wake_charge(Overheads const& overheads, std::span<Task const> tasks);

}  // namespace tiffin::contract
