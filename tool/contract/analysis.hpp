// Worst-case response of the `fixed` vCPUs of a core under preemptive fixed priorities. The equations are in docs/contract.md.
#pragma once
#include <optional>
#include <vector>

#include "tool/contract/task_set.hpp"

namespace tiffin::contract {

/// What one other vCPU takes in the worst case.
struct Interference {
    std::size_t task;           // index into Core::tasks
    std::uint64_t activations;  // so often
    Ns each;                    // its budget, and what EL2 spends for it beyond that
    Ns overrun;                 // once: it may be ahead of its budget
};

/// The worst case of one vCPU, and what it is made of: worst == activations * own + blocking + others' interrupts + interference
/// + late - (activations - 1) * period.
struct Response {
    Ns worst{0};
    std::uint64_t activations{1};  // in one busy stretch of the core; more than one only if the deadline is beyond the period
    Ns own{0};                     // budget and what EL2 spends for it, each activation
    Ns blocking{0};                // the path at EL2 that is under way
    Ns interrupts{0};              // for vCPUs of lower priority: each of their timers and devices can fire once
    std::vector<Interference> interference{};
    Ns late{0};    // it woke so much late the last time, so a part of its budget may be back as much late, and wakes it again
    Ns usable{0};  // of its budget, for the guest itself: the rest may go to EL2 in its turns
};

/// Why there is no worst case.
enum class Unbounded : std::uint8_t {
    NoBudget,    // it has no budget itself: nothing is promised
    Starved,     // a vCPU of the same or a higher priority has no budget
    Overloaded,  // budgets of its priority and above take more than the core has
};

struct Verdict {
    std::optional<Response> response{};
    Unbounded why{Unbounded::NoBudget};  // without a response
    std::size_t culprit{0};              // Starved: who
};

/// Of the fixed vCPU core.tasks[task].
Verdict worst_response(Core const& core, std::size_t task);

/// How much later than it came back a piece of its budget may be used, whatever its guest does. None: no bound.
std::optional<Ns> worst_delay(Core const& core, std::size_t task);

/// What the vCPU can take of the core in one period, for ever.
Ns whole_cost(Core const& core, Task const& task);

/// Of the core's time, what budgets of that priority and above can take, in millionths (rounded up).
std::uint64_t utilisation(Core const& core, unsigned least_priority);

}  // namespace tiffin::contract
