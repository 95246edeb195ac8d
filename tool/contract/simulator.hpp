// For tests: a core that shares itself among vCPUs nanosecond by nanosecond, in code of its own that knows nothing of the analysis.
// Budgets are lists of chunks that come back one period after they were there and wanted; EL2 costs what the worst case says.
#pragma once
#include <cstdint>
#include <deque>
#include <random>
#include <vector>

#include "tool/contract/task_set.hpp"

namespace tiffin::contract::simulator {

/// What a guest does with its turns.
enum class Habit : std::uint8_t {
    Deserving,  // wakes at least a period apart, and uses no more than its budget each time
    Greedy,     // never sleeps
    Sleeper,    // sleeps in the middle, for a moment or for long
    Storm,      // wakes, does next to nothing, sleeps: as often as it can
    Miser,      // runs until just before its budget ends, sleeps until it would be back
};

struct Guest {
    Habit habit{Habit::Deserving};
    Ns offset{0};       // of its first wake-up
    Ns demand{0};       // Deserving: of each activation
    Ns jitter{0};       // Deserving: its wake-ups are a period and at most this apart
    bool calls{false};  // makes hypercalls of the longest path
};

struct Piece {
    Ns from, to;  // it had the core
};

struct Seen {
    Ns worst{0};         // response of an activation that deserved its bound
    unsigned judged{0};  // so many did
    std::vector<Piece> pieces;
};

class Simulator {
public:
    /// `core` has a guest for each task; those of policy Share are below all others.
    Simulator(Core const& core, std::vector<Guest> guests, std::uint64_t seed);
    std::vector<Seen> run(Ns until);

private:
    struct Chunk {
        Ns from, amount;
    };
    enum class State : std::uint8_t { Asleep, Ready, Spent };
    struct Vcpu {
        Task const* task{nullptr};
        Guest guest{};
        State state{State::Asleep};
        std::deque<Chunk> chunks{};  // ascending
        Ns work{0};                  // until it sleeps
        Ns wake_at{0};               // Asleep: then
        Ns call_at{0};               // `work` left at its next hypercall
        Ns queued{0};                // place among equals
        std::vector<Ns> others{};    // its further interrupts that may come while it is off the core
        // The activation that is judged.
        Ns woke{0}, arrival{0}, used{0}, whole_from{0};
        bool deserving{false};
    };

    void handle_events();
    void handle(Vcpu& v);
    void wake(Vcpu& v);
    void sleep(Vcpu& v);
    void plan_work(Vcpu& v);
    void plan_call(Vcpu& v);
    void off_core(Vcpu& v, unsigned interrupts);
    void charge(Vcpu* v, Ns time);
    void spend(Vcpu& v, Ns time);
    void elapse(Vcpu* v, Ns time);
    void run_guest(Ns until);
    void put_back(Vcpu& v, Chunk chunk);
    [[nodiscard]] Ns left(Vcpu const& v) const;
    [[nodiscard]] Ns next_event() const;
    [[nodiscard]] Ns due(Vcpu const& v) const;
    [[nodiscard]] Vcpu* best();
    [[nodiscard]] bool before(Vcpu const& a, Vcpu const& b) const;
    Ns random(Ns below) { return below == 0 ? 0 : random_() % below; }

    Overheads overheads_;
    std::vector<Vcpu> vcpus_;
    std::vector<Seen> seen_;
    std::mt19937_64 random_;
    Vcpu* current_{nullptr};
    Ns now_{0}, turns_{0};
};

}  // namespace tiffin::contract::simulator
