// What is left of a core: for the shares below its budgets, and for a VM in its time windows.
#pragma once
#include <optional>
#include <string_view>

#include "tool/contract/task_set.hpp"

namespace tiffin::contract {

/// The least that all `share` vCPUs of the core together have in any window of that length.
Ns left_for_shares(Core const& core, Ns window);

/// The time windows of one VM: the supply of a core that is there at fixed times only (Shin and Lee 2003: the supply bound function; theirs
/// is of a budget anywhere in its period, this is of the frame as it is written).
class WindowSupply {
public:
    WindowSupply(Core const& core, std::string_view vm);

    /// The least that it has in any stretch of that length.
    [[nodiscard]] Ns least(Ns stretch) const;
    /// The longest from wanting the core to having it.
    [[nodiscard]] Ns longest_wait() const;
    /// The longest until it has had `demand`; none if its windows are all lost to EL2.
    [[nodiscard]] std::optional<Ns> response(Ns demand) const;
    [[nodiscard]] Ns each_frame() const { return whole_; }

private:
    struct Open {
        Ns from, to;
    };
    [[nodiscard]] Ns had_until(Ns at) const;  // from the start of a frame

    Ns major_;
    Ns whole_{0};
    std::vector<Open> open_;  // what EL2 leaves of the windows
};

}  // namespace tiffin::contract
