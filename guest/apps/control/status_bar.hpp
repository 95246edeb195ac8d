// What the controller shows of itself, in a strip of the screen that nothing else covers.
#pragma once
#include <cstdint>

#include "guest/sdk/canvas.hpp"

namespace control {

struct Status {
    std::int32_t temperature{0}, wanted{0};  // thousandths of a degree
    std::int32_t power{0};                   // of the heater, 0..1000
    std::uint64_t loops{0}, missed{0};
    std::uint64_t worst_ns{0};  // that a period began late
    bool alarm{false}, fan{true};
};

inline constexpr std::int32_t bar_width = 800, bar_height = 40;

inline constexpr tiffin::sdk::Colour calm = 0x10'30'50, alarmed = 0xb0'10'10, ink = 0xf0'f0'f0, dim = 0x40'60'80,
                                     heat = 0xf0'a0'20;

/// All of the strip, whatever it showed before.
void draw(tiffin::sdk::Canvas& canvas, Status const& status);

}  // namespace control
