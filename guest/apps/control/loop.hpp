// What the loop controls: an oven made of a few integers, and a controller that holds its temperature. One step is one period.
#pragma once
#include <algorithm>
#include <cstdint>

namespace control {

/// A heated body that loses heat through a fan. All that it knows follows from the steps that were made: every run is the same.
class Oven {
public:
    static constexpr std::int32_t room = 20'000;  // thousandths of a degree

    /// One period with the heater at `power` (0..1000).
    void step(std::int32_t power) {
        auto const gained = power * 60, lost = (temperature_ - room) / (fan_ ? 2 : 32);
        rest_ += gained - lost;
        temperature_ += rest_ / inertia;
        rest_ %= inertia;
    }
    void set_fan(bool turns) { fan_ = turns; }
    [[nodiscard]] bool fan() const { return fan_; }
    [[nodiscard]] std::int32_t temperature() const { return temperature_; }

private:
    static constexpr std::int32_t inertia = 500;

    std::int32_t temperature_{room};
    std::int32_t rest_{0};  // of heat that was not a thousandth of a degree yet
    bool fan_{true};
};

/// Proportional and integral: the power for the next period.
class Controller {
public:
    constexpr explicit Controller(std::int32_t wanted) : wanted_{wanted} {}

    std::int32_t step(std::int32_t temperature) {
        auto const missing = wanted_ - temperature;
        auto const power = missing / 8 + sum_ / 4096;
        auto const limited = std::clamp(power, 0, full);
        if (power == limited) sum_ += missing;  // at its limits the integral would only grow
        return limited;
    }
    [[nodiscard]] std::int32_t wanted() const { return wanted_; }

    static constexpr std::int32_t full = 1000;

private:
    std::int32_t wanted_;
    std::int32_t sum_{0};
};

/// Says once that it is too hot, and again only after it has been well again.
class Alarm {
public:
    static constexpr std::int32_t above = 1'000, well = 250;  // of what is wanted, thousandths of a degree

    /// True when it begins to ring.
    bool look(std::int32_t temperature, std::int32_t wanted) {
        bool const was = rings_;
        rings_ = temperature > wanted + (was ? well : above);
        return rings_ && !was;
    }
    [[nodiscard]] bool rings() const { return rings_; }

private:
    bool rings_{false};
};

}  // namespace control
