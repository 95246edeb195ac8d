// Numbers, sizes and times as a description writes them. A size or time without a unit is refused: "64" of what?
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tiffin {

/// Decimal, or hexadecimal with 0x; `_` may group digits (0x4000_0000). Nothing else, no sign, at most 2^64-1.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// A number and one of B, KiB, MiB, GiB: "64 MiB". The space may be left out. Bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// A number and one of ns, us, ms, s: "200 us". The space may be left out. Nanoseconds.
std::optional<std::uint64_t> parse_time(std::string_view text);

/// The largest unit that divides it: "1500 us", "2 ms".
std::string time_text(std::uint64_t nanoseconds);

/// The largest unit that divides it: "64 MiB", "4100 B".
std::string size_text(std::uint64_t bytes);

}  // namespace tiffin
