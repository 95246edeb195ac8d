// Deadlines of one core, earliest first: a binary heap of intrusive timers, so that nothing is allocated and every step is O(log
// n).
#pragma once
#include <cstdint>
#include <span>

#include "base/result.hpp"

namespace tiffin {

struct Vcpu;

/// What a deadline is for. `owner` is the vCPU whose timer it stands for; nullptr for a Frame, which is the core's.
struct Timer {
    enum class Kind : std::uint8_t {
        Virtual,    // CNTV of a vCPU that is not loaded
        Physical,   // the emulated CNTP
        Refill,     // there is budget again
        Frame,      // a time window begins or ends
        Interrupt,  // a physical interrupt that came too early for its limit: this is a RateLimit (core/irq/physical.hpp)
    };
    std::uint64_t deadline{0};  // ticks of the system counter
    Vcpu* owner{nullptr};
    std::uint32_t slot{0};  // 1-based place in the heap; 0: not armed
    Kind kind{Kind::Virtual};

    [[nodiscard]] bool armed() const { return slot != 0; }
};

class TimerQueue {
public:
    static constexpr std::uint64_t never = ~0ull;

    TimerQueue() = default;
    /// `slots` has room for every timer that may be armed at once: three for each vCPU of the core, one for each limited interrupt, one for its frame.
    explicit TimerQueue(std::span<Timer*> slots) : slots_{slots} {}

    [[nodiscard]] std::uint64_t earliest() const { return count_ == 0 ? never : slots_[0]->deadline; }
    /// The timer of earliest(); nullptr if none is armed.
    [[nodiscard]] Timer* first() const { return count_ == 0 ? nullptr : slots_[0]; }
    /// Arms `timer`, or moves it if it is armed.
    void arm(Timer& timer, std::uint64_t deadline);
    void cancel(Timer& timer);
    /// The earliest timer if its deadline has passed at `now`, disarmed; nullptr if none.
    Timer* expire(std::uint64_t now);

private:
    void place(Timer& timer, std::uint32_t at) {
        slots_[at] = &timer;
        timer.slot = at + 1;
    }
    void sift_up(std::uint32_t at);
    void sift_down(std::uint32_t at);

    std::span<Timer*> slots_;
    std::uint32_t count_{0};
};

}  // namespace tiffin
