// Which bytes of a guest may reach the maintainer's terminal. Pure; see docs/console.md, "What a terminal is spared".
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tiffin::text {

/// The first `count` bytes, or all. (string_view::substr can throw, and so cannot be linked at EL2.)
constexpr std::string_view first(std::string_view text, std::size_t count) {
    return {text.data(), count < text.size() ? count : text.size()};
}

constexpr std::uint8_t byte(char c) { return static_cast<std::uint8_t>(c); }
constexpr bool printable_ascii(char c) { return byte(c) >= 0x20 && byte(c) < 0x7f; }
constexpr bool continuation(char c) { return (byte(c) & 0xc0) == 0x80; }

/// Length that a UTF-8 sequence with this first byte must have (2..4), or 0 if it starts none.
/// (The Unicode Standard, table "Well-Formed UTF-8 Byte Sequences": C0, C1 and F5..FF never occur.)
constexpr unsigned sequence_length(char lead) {
    auto const b = byte(lead);
    if (b >= 0xc2 && b <= 0xdf) return 2;
    if (b >= 0xe0 && b <= 0xef) return 3;
    return b >= 0xf0 && b <= 0xf4 ? 4 : 0;
}

/// Code points that steer a terminal, or reorder or hide what the reader sees: C1 controls, bidirectional and format controls,
/// line and paragraph separators, tags. Surrogates and overlong forms are not characters at all.
constexpr bool harmless(std::uint32_t point, unsigned length) {
    constexpr std::uint32_t shortest[] = {0, 0, 0x80, 0x800, 0x1'0000};
    if (point < shortest[length] || point > 0x10'ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    if (point < 0xa0 || point == 0xad || point == 0xfeff) return false;
    if ((point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e)) return false;
    return !(point >= 0x2060 && point <= 0x206f) && !(point >= 0xe'0000 && point <= 0xe'0fff);
}

/// Bytes (1..4) of the character at the start of `text` that may be shown as it is; 0 if its first byte must be spelt out.
constexpr unsigned safe_length(std::string_view text) {
    if (printable_ascii(text[0]) || text[0] == '\t') return 1;
    auto const length = sequence_length(text[0]);
    if (length == 0 || length > text.size()) return 0;
    std::uint32_t point = byte(text[0]) & (0x7fu >> length);
    for (unsigned i = 1; i < length; ++i) {
        if (!continuation(text[i])) return 0;
        point = point << 6 | (byte(text[i]) & 0x3f);
    }
    return harmless(point, length) ? length : 0;
}

/// Bytes (0..3) at the end of `text` that begin a UTF-8 sequence whose rest has not come yet: a split must not fall inside it.
constexpr std::size_t unfinished_tail(std::string_view text) {
    for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
        char const c = text[text.size() - back];
        if (!continuation(c)) return sequence_length(c) > back ? back : 0;
    }
    return 0;
}

static_assert(safe_length("a") == 1 && safe_length("\x1b") == 0 && safe_length("\r") == 0 && safe_length("\x7f") == 0);
static_assert(safe_length("\xc3\xa9") == 2 && safe_length("\xc2\x9b") == 0, "U+00E9 is a letter, U+009B is CSI");
static_assert(safe_length("\xe2\x82\xac") == 3 && safe_length("\xe2\x80\xae") == 0,
              "U+20AC is the euro, U+202E overrides direction");
static_assert(safe_length("\xc0\xaf") == 0 && safe_length("\xe0\x80\xaf") == 0 && safe_length("\xed\xa0\x80") == 0);
static_assert(unfinished_tail("a\xe2\x82") == 2 && unfinished_tail("a\xe2\x82\xac") == 0 && unfinished_tail("") == 0);

/// Hands `text` to `out` (called with a char): safe characters as they are, every other byte as \xNN. At most 4 bytes for each
/// byte.
template <class Out>
constexpr void spell(std::string_view text, Out&& out) {
    while (!text.empty()) {
        auto const safe = safe_length(text);
        if (safe == 0) {
            for (char c : {'\\', 'x', "0123456789abcdef"[byte(text[0]) >> 4], "0123456789abcdef"[byte(text[0]) & 0xf]}) out(c);
        }
        for (char c : first(text, safe)) out(c);
        text.remove_prefix(safe == 0 ? 1 : safe);
    }
}

}  // namespace tiffin::text
