#include "tool/demo/picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace tiffin {
namespace {

constexpr double width = 860, height = 240, left = 46, top = 10;

std::string words(double x, double y, std::string const& text, char const* anchor = "start") {
    return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor, escaped(text));
}

std::string box(double x, double y, double across, double down, std::string const& colour, std::string const& title) {
    return fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\"><title>{}</title></rect>\n", x, y,
        std::max(across, 0.0), down, colour, escaped(title));
}

/// The outline of one VM's area between what is below it and with it, along the pieces' left and right edges.
std::string area(std::vector<double> const& below, std::vector<double> const& above) {
    auto const step = width / static_cast<double>(below.size());
    auto const y = [](double share) { return top + height * (1 - std::min(share, 1.0)); };
    auto const x = [&](std::size_t n) { return left + step * static_cast<double>(n); };
    std::string path;
    for (std::size_t n = 0; n < above.size(); ++n)
        path += fmt::format("{}{:.1f} {:.1f}L{:.1f} {:.1f}", n == 0 ? "M" : "L", x(n), y(above[n]), x(n + 1), y(above[n]));
    for (auto n = below.size(); n-- > 0;)
        path += fmt::format("L{:.1f} {:.1f}L{:.1f} {:.1f}", x(n + 1), y(below[n]), x(n), y(below[n]));
    return path + "Z";
}

std::string axes(LoadOverTime const& load) {
    std::string out;
    for (unsigned const percent : {0u, 25u, 50u, 75u, 100u}) {
        auto const y = top + height * (1 - percent / 100.0);
        out += fmt::format("<path d=\"M{} {:.1f}h{}\" stroke=\"#0001\"/>\n", left, y, width) +
               words(left - 6, y + 4, fmt::format("{} %", percent), "end");
    }
    auto const step = std::max(1.0, std::ceil(load.seconds / 10));
    for (auto second = std::ceil(load.from); second <= load.from + load.seconds; second += step)
        out += words(left + width * (second - load.from) / load.seconds, top + height + 16, fmt::format("{:.0f} s", second),
                     "middle");
    return out;
}

std::string svg(double down, std::string const& body) {
    return fmt::format("<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\">\n{}</svg>\n", left + width + 20, down, body);
}

}  // namespace

std::string colour_of(std::size_t n) {
    constexpr std::array<char const*, 8> colours{"#3d6fb4", "#d9822b", "#3a9a6b", "#b4485c",
                                                 "#7a5ea8", "#4aa3b5", "#a08a3c", "#6b7280"};
    return colours[n % colours.size()];
}

std::string load_picture(LoadOverTime const& load) {
    auto body = axes(load);
    std::vector<double> below(load.shares.empty() ? 0 : load.shares[0].size(), 0.0);
    for (std::size_t vm = 0; vm < load.names.size(); ++vm) {
        auto above = below;
        for (std::size_t n = 0; n < above.size(); ++n) above[n] += load.shares[vm][n];
        body += fmt::format("<path d=\"{}\" fill=\"{}\"><title>{}</title></path>\n", area(below, above), colour_of(vm),
                            escaped(load.names[vm]));
        below = above;
    }
    return svg(top + height + 24, body);
}

std::string chips_picture(std::vector<Bar> const& chips, std::vector<Bar> const& one_core) {
    constexpr double row = 30, names = 120, bar = width - names;
    auto y = top;
    std::string body;
    for (auto const& chip : chips) {
        auto const text = fmt::format("{}: in use {:.2f} %", chip.name, 100 * chip.share);
        body += words(left + names - 10, y + 15, chip.name, "end") +
                box(left + names, y, bar, 20, "#e6e8ec", chip.name + ": idle") +
                box(left + names, y, bar * chip.share, 20, colour_of(chip.colour), text) +
                words(left + names + std::max(8.0, bar * chip.share + 8), y + 15,
                      fmt::format("{:.1f} % idle", 100 * (1 - chip.share)));
        y += row;
    }
    y += 10;
    body += words(left + names - 10, y + 15, "the one core", "end") + box(left + names, y, bar, 20, "#e6e8ec", "asleep");
    double at = left + names;
    for (auto const& part : one_core) {
        body +=
            box(at, y, bar * part.share, 20, colour_of(part.colour), fmt::format("{}: {:.2f} %", part.name, 100 * part.share));
        at += bar * part.share;
    }
    return svg(y + row, body);
}

std::string escaped(std::string const& text) {
    std::string out;
    for (char const c : text)
        out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string{c};
    return out;
}

}  // namespace tiffin
