// Formatting without a heap, a locale or a float: `{}` and `{:x}` are all that an app of a few KiB needs.
#pragma once
#include <concepts>
#include <cstdint>
#include <string_view>

namespace tiffin::sdk {

/// One argument of a format: an unsigned or signed integer, or text.
class FormatArg {
public:
    template <std::unsigned_integral T>
    constexpr FormatArg(T value) : kind_{Kind::Unsigned}, number_{value} {}
    template <std::signed_integral T>
    constexpr FormatArg(T value) : kind_{Kind::Signed}, number_{static_cast<std::uint64_t>(static_cast<std::int64_t>(value))} {}
    constexpr FormatArg(std::string_view text) : kind_{Kind::Text}, text_{text} {}
    constexpr FormatArg(char const* text) : FormatArg{std::string_view{text}} {}
    constexpr FormatArg(bool value) : FormatArg{std::string_view{value ? "true" : "false"}} {}

    template <class Sink>
    constexpr void put(Sink& sink, bool hex) const {
        if (kind_ == Kind::Text) return put_text(sink, text_);
        bool const minus = kind_ == Kind::Signed && !hex && static_cast<std::int64_t>(number_) < 0;
        if (minus) sink('-');
        put_number(sink, minus ? 0 - number_ : number_, hex ? 16 : 10);
    }

private:
    enum class Kind : std::uint8_t { Unsigned, Signed, Text };

    template <class Sink>
    static constexpr void put_text(Sink& sink, std::string_view text) {
        for (char const c : text) sink(c);
    }
    template <class Sink>
    static constexpr void put_number(Sink& sink, std::uint64_t value, unsigned base) {
        char digits[20];  // 2^64 - 1 has 20 decimal digits
        unsigned count = 0;
        do digits[count++] = "0123456789abcdef"[value % base];
        while ((value /= base) != 0);
        while (count != 0) sink(digits[--count]);
    }

    Kind kind_;
    std::uint64_t number_{0};
    std::string_view text_{};
};

/// Writes `format` to `sink(char)`: each `{}` or `{:x}` (hexadecimal) takes the next argument; a placeholder without one prints
/// `?`.
template <class Sink>
constexpr void format_to(Sink&& sink, std::string_view format, FormatArg const* args, unsigned count) {
    unsigned next = 0;
    while (!format.empty()) {
        bool const hex = format.starts_with("{:x}");
        bool const plain = format.starts_with("{}");
        if (!hex && !plain)
            sink(format.front());
        else if (next < count)
            args[next++].put(sink, hex);
        else
            sink('?');
        format.remove_prefix(hex ? 4 : plain ? 2 : 1);
    }
}

}  // namespace tiffin::sdk
