// Holds a run's trace against the contract: did every vCPU with a budget stay within it, sleep in time, and EL2 return soon enough?
#pragma once
#include <string>
#include <vector>

#include "tool/contract/bounds.hpp"
#include "tool/trace/timeline.hpp"

namespace tiffin {

struct Audit {
    /// A bound that was passed: who, when, what was allowed, what was seen. Empty: none was.
    std::vector<std::string> passed;
    /// What was looked at: "rt: most in 1 ms: 184.2 of 206.1 us; 99 of 100 responses held, worst 411.0 of 432.9 us".
    std::vector<std::string> seen;
};

Audit audit(TraceFile const& file, Timeline const& timeline, contract::Bounds const& bounds);

}  // namespace tiffin
