// Pictures of a demo's figures, as SVG that stands in a page.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace tiffin {

/// The share of the core that each VM had, in equal pieces of time.
struct LoadOverTime {
    double from{0}, seconds{0};               // of the machine's time: where it begins, how long it is
    std::vector<std::string> names;           // of VMs, in the plan's order
    std::vector<std::vector<double>> shares;  // of each VM: one number in 0..1 a piece
};

/// The colour of the `n`th VM in every picture.
std::string colour_of(std::size_t n);

/// Areas upon each other; the rest up to the top is sleep.
std::string load_picture(LoadOverTime const& load);

struct Bar {
    std::string name;
    double share{0};  // 0..1
    std::size_t colour{0};
};

/// A bar for each chip, in use so far; the rest is idle.
std::string chips_picture(std::vector<Bar> const& chips, std::vector<Bar> const& one_core);

/// A text that may stand in a page.
std::string escaped(std::string const& text);

}  // namespace tiffin
