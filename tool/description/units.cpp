#include "tool/description/units.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace tiffin {
namespace {

struct Unit {
    std::string_view name;
    unsigned shift;
};
constexpr Unit units[] = {{"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"B", 0}};

struct TimeUnit {
    std::string_view name;
    std::uint64_t nanoseconds;
};
constexpr TimeUnit time_units[] = {{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}};

/// The number before a unit's name.
std::optional<std::uint64_t> number_before(std::string_view text, std::string_view unit) {
    auto digits = text.substr(0, text.size() - unit.size());
    while (digits.ends_with(' ')) digits.remove_suffix(1);
    return parse_number(digits);
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
    if (text.empty() || text.front() == '_' || text.back() == '_') return std::nullopt;
    auto const hex = text.starts_with("0x") || text.starts_with("0X");
    std::string digits{hex ? text.substr(2) : text};
    std::erase(digits, '_');
    std::uint64_t value = 0;
    auto const* end = digits.data() + digits.size();
    auto const [at, error] = std::from_chars(digits.data(), end, value, hex ? 16 : 10);
    if (error != std::errc{} || at != end || digits.empty()) return std::nullopt;
    return value;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    for (auto const& [name, shift] : units) {
        if (!text.ends_with(name)) continue;
        auto const value = number_before(text, name);
        if (!value || (*value << shift) >> shift != *value) return std::nullopt;
        return *value << shift;
    }
    return std::nullopt;
}

std::optional<std::uint64_t> parse_time(std::string_view text) {
    for (auto const& [name, nanoseconds] : time_units) {
        if (!text.ends_with(name)) continue;
        auto const value = number_before(text, name);
        if (!value || *value > ~0ull / nanoseconds) return std::nullopt;
        return *value * nanoseconds;
    }
    return std::nullopt;
}

std::string time_text(std::uint64_t nanoseconds) {
    auto const* best = &time_units[0];
    for (auto const& unit : time_units) {
        if (nanoseconds != 0 && nanoseconds % unit.nanoseconds == 0) best = &unit;
    }
    return fmt::format("{} {}", nanoseconds / best->nanoseconds, best->name);
}

std::string size_text(std::uint64_t bytes) {
    for (auto const& [name, shift] : units) {
        if (bytes != 0 && bytes % (1ull << shift) == 0) return fmt::format("{} {}", bytes >> shift, name);
    }
    return "0 B";
}

}  // namespace tiffin
