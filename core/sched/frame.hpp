// The static schedule of one core (ARINC 653-1, "Partition scheduling": a major frame of time windows, repeated for ever).
#pragma once
#include <cstdint>
#include <span>

namespace tiffin {

struct Vm;

struct TimeSlot {
    std::uint64_t from, until;  // ticks, from the start of the major frame
    Vm* vm;
};

class Frame {
public:
    static constexpr std::uint64_t never = ~0ull;

    Frame() = default;
    /// `slots` ascending and disjoint, none reaching beyond `major` (ticks, not 0).
    Frame(std::span<TimeSlot> slots, std::uint64_t major) : slots_{slots}, major_{major} {}

    [[nodiscard]] bool exists() const { return major_ != 0; }
    /// The first major frame starts at `now`.
    void start(std::uint64_t now) { origin_ = now; }

    struct Window {
        Vm* vm;               // nullptr: nobody's
        std::uint64_t until;  // counter value at which it ends
    };
    /// Whose time is it?
    [[nodiscard]] Window at(std::uint64_t now) const {
        auto const start = now - (now - origin_) % major_;
        for (auto const& slot : slots_) {
            if (now - start < slot.from) return {nullptr, start + slot.from};
            if (now - start < slot.until) return {slot.vm, start + slot.until};
        }
        return {nullptr, start + major_ + slots_[0].from};
    }

private:
    std::span<TimeSlot> slots_;
    std::uint64_t major_{0}, origin_{0};
};

}  // namespace tiffin
