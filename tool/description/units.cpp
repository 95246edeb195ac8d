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
        auto digits = text.substr(0, text.size() - name.size());
        while (digits.ends_with(' ')) digits.remove_suffix(1);
        auto const value = parse_number(digits);
        if (!value || (*value << shift) >> shift != *value) return std::nullopt;
        return *value << shift;
    }
    return std::nullopt;
}

std::string size_text(std::uint64_t bytes) {
    for (auto const& [name, shift] : units) {
        if (bytes != 0 && bytes % (1ull << shift) == 0) return fmt::format("{} {}", bytes >> shift, name);
    }
    return "0 B";
}

}  // namespace tiffin
