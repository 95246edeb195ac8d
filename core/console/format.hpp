// One message of the hypervisor, built without printf, heap or locale.
//
//   console.log(Line{} << "VM " << name << " touched nothing at " << Hex{ipa});
//
// noinline: messages are rare, and EL2 is small; a call for each piece keeps both true.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tiffin {

/// A number to be shown as 0x..., lower case, without leading zeros unless `digits` (1..16) asks for them.
struct Hex {
    std::uint64_t value;
    unsigned digits{1};
};

/// A fixed buffer of text. What does not fit is cut, and the last two bytes then read "..": a message never runs past its end.
class Line {
public:
    static constexpr std::size_t capacity = 160;

    constexpr Line() = default;

    constexpr Line& operator<<(char c) {
        if (size_ < capacity) {
            text_[size_++] = c;
        } else {
            text_[capacity - 1] = text_[capacity - 2] = '.';
        }
        return *this;
    }

    [[gnu::noinline]] constexpr Line& operator<<(std::string_view text) {
        std::size_t const room = capacity - size_, count = text.size() < room ? text.size() : room;
        char* const to = text_ + size_;
        for (std::size_t i = 0; i < count; ++i) to[i] = text[i];
        size_ += count;
        return count == text.size() ? *this : *this << '.';
    }

    [[gnu::noinline]] constexpr Line& operator<<(char const* text) {
        auto size = size_;
        for (; *text != 0 && size < capacity; ++text) text_[size++] = *text;
        size_ = size;
        return *text == 0 ? *this : *this << '.';
    }

    /// Decimal; signed numbers keep their sign. (bool and char are not numbers.)
    template <std::integral T>
        requires(!std::same_as<T, bool> && !std::same_as<T, char>)
    constexpr Line& operator<<(T value) {
        if constexpr (std::signed_integral<T>) {
            if (value < 0) return (*this << '-').dec(0 - static_cast<std::uint64_t>(value));
        }
        return dec(static_cast<std::uint64_t>(value));
    }

    [[gnu::noinline]] constexpr Line& operator<<(Hex hex) {
        *this << "0x";
        for (unsigned shift = 64; shift > 0; shift -= 4) {
            auto const rest = hex.value >> (shift - 4);
            if (rest != 0 || shift <= 4 * hex.digits) *this << "0123456789abcdef"[rest & 0xf];
        }
        return *this;
    }

    /// Decimal, at least `width` columns wide, filled with spaces on the left.
    [[gnu::noinline]] constexpr Line& right(std::uint64_t value, unsigned width) {
        unsigned digits = 1;
        for (auto rest = value; rest >= 10; rest /= 10) ++digits;
        for (; digits < width; ++digits) *this << ' ';
        return dec(value);
    }

    /// Spaces up to `column` (0-based); at least one, so that two cells never touch.
    [[gnu::noinline]] constexpr Line& tab(std::size_t column) {
        do {
            *this << ' ';
        } while (size_ < column && size_ < capacity);
        return *this;
    }

    /// For a line that is used again and again.
    constexpr void clear() { size_ = 0; }

    [[nodiscard]] constexpr std::string_view view() const { return {text_, size_}; }
    constexpr operator std::string_view() const { return view(); }

private:
    [[gnu::noinline]] constexpr Line& dec(std::uint64_t value) {
        char digits[20]{};
        unsigned n = 0;
        do {
            digits[n++] = static_cast<char>('0' + value % 10);
        } while ((value /= 10) != 0);
        while (n > 0) *this << digits[--n];
        return *this;
    }

    char text_[capacity]{};
    std::size_t size_{0};
};

}  // namespace tiffin
