// What the contract lets the vCPUs of a device do in any run: `tiffin audit` holds a trace against it.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tool/contract/task_set.hpp"

namespace tiffin::contract {

/// Of one `fixed` vCPU with a budget.
struct Bound {
    std::string vm{};
    unsigned vcpu{0}, core{0};
    Ns budget{0}, period{0}, deadline{0};
    /// Most from waking to sleeping again, of an activation that deserves it (`Activations`); none: the core has no such bound.
    std::optional<Ns> response{};
    /// How far past its budget one chunk may run.
    Ns overrun{0};
    /// How much later than it came back a piece of budget may be used, because others run; none: no bound.
    std::optional<Ns> delay{};
};

/// Of EL2 on one core: the longest path with interrupts masked, waiting for other cores included.
struct PathBound {
    unsigned core{0};
    Ns longest{0};
};

struct Bounds {
    std::vector<Bound> vcpus;
    std::vector<PathBound> cores;
};

Bounds bounds(std::span<Core const> cores);

/// The most that the vCPU may run in any `window`, in its own name and not as background. Not the budget alone: a chunk that others
/// delayed ends just before the next one comes (Bertogna and Cirinei 2007, the bound on the workload in a window).
Ns most_run(Bound const& bound, Ns window);

/// Which activations of one vCPU the response bound is for: all of the budget was there when it woke, and it used no more than
/// that. A guest that wakes at least a period apart and uses at most its budget each time has no others.
class Activations {
public:
    explicit Activations(Bound const& bound) : bound_{bound} {}

    /// One activation, in order of time: awake from `woke` until it slept, and had `used` of the core meanwhile.
    /// True: it must have slept again within Bound::response.
    bool deserves(Ns woke, Ns slept, Ns used);

private:
    Bound const& bound_;
    Ns whole_from_{0};  // from then on all of the budget is there again
};

}  // namespace tiffin::contract
