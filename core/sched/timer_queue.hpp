// Deadlines of one core, earliest first. The next few lie sorted in front of a binary heap of the others, so that what those who are
// active do costs the same however many wait for something far away. Timers are intrusive: nothing is allocated, and no step takes more than O(log n).
//
//   front   | latest ... earliest |   all before any in the heap; not empty unless the heap is
//   heap    | earliest ... |
#pragma once
#include <cstdint>
#include <span>

#include "base/result.hpp"

namespace tiffin {

struct Vcpu;

/// What a deadline is for. `owner` is the vCPU whose timer it stands for; nullptr for a Frame, which is the core's, and for a Debugger.
struct Timer {
    enum class Kind : std::uint8_t {
        Virtual,    // CNTV of a vCPU that is not loaded
        Physical,   // the emulated CNTP
        Refill,     // there is budget again
        Frame,      // a time window begins or ends
        Interrupt,  // a physical interrupt that came too early for its limit: this is a RateLimit (core/irq/physical.hpp)
        Restart,    // a VM that crashed has waited long enough to start anew
        Watchdog,   // a VM's watchdog has not been refreshed in time
        Debugger,   // a command of the debugger is tried again
    };
    std::uint64_t deadline{0};  // ticks of the system counter
    Vcpu* owner{nullptr};
    std::uint32_t slot{0};  // 1-based place in the heap; 0: not armed; in_front
    Kind kind{Kind::Virtual};

    static constexpr std::uint32_t in_front = ~0u;

    [[nodiscard]] bool armed() const { return slot != 0; }
};

class TimerQueue {
public:
    static constexpr std::uint64_t never = ~0ull;

    TimerQueue() = default;
    /// `slots` has room for every timer that may be armed at once: five for each vCPU of the core, one for each limited interrupt, one for its frame, and one for the debugger.
    explicit TimerQueue(std::span<Timer*> slots) : slots_{slots} {}

    [[nodiscard]] std::uint64_t earliest() const { return earliest_; }
    /// The timer of earliest(); nullptr if none is armed.
    [[nodiscard]] Timer* first() const { return front_count_ == 0 ? nullptr : front_[front_count_ - 1]; }
    /// Arms `timer`, or moves it if it is armed.
    void arm(Timer& timer, std::uint64_t deadline);
    void cancel(Timer& timer);
    /// The earliest timer if its deadline has passed at `now`, disarmed; nullptr if none.
    Timer* expire(std::uint64_t now);

private:
    static constexpr std::uint32_t most_in_front = 8;

    void put_in_front(Timer& timer);
    void leave_front(Timer const& timer);
    /// Some left the front: if it is empty the heap gives its first, and earliest() is another.
    void front_shrank();
    void push(Timer& timer);
    void pull(std::uint32_t at);
    void place(Timer& timer, std::uint32_t at) {
        slots_[at] = &timer;
        timer.slot = at + 1;
    }
    void sift_up(std::uint32_t at);
    void sift_down(std::uint32_t at);

    std::uint64_t earliest_{never};  // of first(): each way out of EL2 asks for it
    Timer* front_[most_in_front]{};
    std::uint32_t front_count_{0};
    std::uint32_t count_{0};
    std::span<Timer*> slots_;  // the heap
};

}  // namespace tiffin
