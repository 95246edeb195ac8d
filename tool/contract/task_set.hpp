// What the analysis knows of a device: plain numbers, no description, no plan. docs/contract.md says what they mean and why the
// hypervisor keeps to them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tiffin::contract {

using Ns = std::uint64_t;

inline constexpr Ns us = 1'000, ms = 1'000'000, second = 1'000'000'000;

/// A lock of EL2 that others may hold: a path takes it `takes` times, and each time waits for `cores` others, for `hold` each.
struct LockWait {
    std::string_view lock{};
    unsigned takes{0}, cores{0};
    Ns hold{0};

    [[nodiscard]] Ns total() const { return takes * cores * hold; }
};

/// What EL2 itself costs on this board: measured path lengths, in time. Each is a most.
struct Overheads {
    Ns switching{0};  // from one guest's last instruction to another's first
    Ns interrupt{0};  // an interrupt at EL2 that is for a VM, or brings budget back, without the switch that may follow
    Ns masked{0};     // the longest path that no interrupt ends
    Ns lock{0};       // waiting for other cores in it: the sum of `locks`
    Ns lock_late{0};  // the part of it that can be in a path which an interrupt begins
    std::vector<LockWait> locks{};
    Ns wake_charge{
        0};  // what a wake-up takes from the waker's own budget, beside the time of its turn (the switch to it is in that)

    /// How late EL2 may be to do what is due: the path that it is in must end.
    [[nodiscard]] Ns blocking() const { return masked + lock; }
    /// How far past its budget a vCPU may run: the timer's interrupt comes late, and then has a path itself, on which other timers may
    /// come first. It is paid from the budget that comes next, so a vCPU is never ahead by more than this.
    [[nodiscard]] Ns overrun() const { return blocking() + masked + lock_late; }
};

/// The right of a `fixed` vCPU to its core: `budget` in each `period`, enforced; and what it wants in return.
struct Server {
    Ns budget{0}, period{0};
    Ns deadline{0};          // from waking to sleeping again
    bool background{false};  // beyond its budget it runs when nobody else wants to
};

enum class Policy : std::uint8_t { Share, Fixed, Window };

/// A vCPU on its core.
struct Task {
    std::string vm{};
    unsigned vcpu{0};
    Policy policy{Policy::Share};
    unsigned priority{0};            // fixed: higher runs first; equals in the order in which they became ready
    std::optional<Server> server{};  // fixed: none may take all of the core
    unsigned weight{0};              // share
    Ns slice{0};                     // share: how long it runs while another share waits
    unsigned devices{0};             // interrupt lines of devices that come to this core for it
};

/// From `offset` after the start of each major frame, for `length`, the core is one VM's.
struct Slot {
    std::string vm{};
    Ns offset{0}, length{0};
};

/// A static schedule (ARINC 653): repeated every `major`.
struct Frame {
    Ns major{0};
    std::vector<Slot> slots{};  // ascending, disjoint
};

struct Core {
    unsigned id{0};
    std::vector<Task> tasks{};
    Overheads overheads{};
    std::optional<Frame> frame{};  // there: every task is Policy::Window
};

}  // namespace tiffin::contract
