#include "tool/diagnostics.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <numeric>

namespace tiffin {
namespace {

/// Levenshtein distance.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto diagonal = row[0]++;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            auto const substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({substitute, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row.back();
}

/// A description is not trusted with the terminal: escape codes and line breaks in its names are shown, not obeyed.
std::string printable(std::string_view text) {
    std::string out;
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        out += byte < 0x20 || byte == 0x7f ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
    }
    return out;
}

}  // namespace

void Problems::add(Mark at, std::string const& what, std::string const& expected, std::string const& hint) {
    auto const place = std::ranges::upper_bound(list_, at, {}, &Problem::at);
    list_.insert(place, {at, printable(what), printable(expected), printable(hint)});
}

std::string Problems::text() const {
    std::string out;
    for (auto const& p : list_) {
        out += fmt::format("{}:{}:{}: error: {}", file_, std::max(p.at.line, 1u), std::max(p.at.column, 1u), p.what);
        if (!p.expected.empty()) out += "; expected " + p.expected;
        if (!p.hint.empty()) out += "; hint: " + p.hint;
        out += '\n';
    }
    return out;
}

std::string Problems::json() const {
    auto problems = nlohmann::ordered_json::array();
    for (auto const& p : list_) {
        problems.push_back({{"line", std::max(p.at.line, 1u)},
                            {"column", std::max(p.at.column, 1u)},
                            {"severity", "error"},
                            {"what", p.what},
                            {"expected", p.expected},
                            {"hint", p.hint}});
    }
    nlohmann::ordered_json const all{{"file", file_}, {"problems", problems}};
    return all.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string nearest(std::string_view word, std::vector<std::string> const& candidates) {
    std::string best;
    std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (auto const& candidate : candidates) {
        auto const d = distance(word, candidate);
        if (d < best_distance && d < candidate.size()) best = candidate, best_distance = d;
    }
    return best;
}

std::string did_you_mean(std::string_view word, std::vector<std::string> const& candidates) {
    auto const best = nearest(word, candidates);
    return best.empty() ? "" : fmt::format("did you mean \"{}\"?", best);
}

}  // namespace tiffin
