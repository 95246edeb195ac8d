#include "core/console/focus_line.hpp"

namespace tiffin {

namespace {

constexpr char escape = '\x1b';
constexpr Echo repaint{.kind = Echo::Kind::Repaint};

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Moves `count` bytes inside one buffer. (Spelt out: the freestanding target has no <cstring> of its own.)
void shift(char* to, char const* from, std::size_t count) { __builtin_memmove(to, from, count); }

}  // namespace

Echo FocusLine::accept(char c, char* text, std::uint8_t& length) {
    text_ = text;
    length_ = &length;
    if (cursor_ > length) cursor_ = length;
    switch (state_) {
        case State::Ground: return ground(c);
        case State::Escape:
            if (c == '[') {
                parameter_size_ = 0;
                state_ = State::Csi;
            } else if (c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_') {
                state_ = State::String;  // OSC, DCS, SOS, PM, APC: text for the terminal, of any length
            } else if (text::byte(c) < 0x20 || text::byte(c) > 0x2f) {
                state_ = State::Ground;  // intermediates (2/0..2/15) keep the sequence open, all else ends it
            }
            return {};
        case State::Csi: return csi(c);
        case State::String:
            if (c == '\a') state_ = State::Ground;
            if (c == escape) state_ = State::StringEscape;
            return {};
        case State::StringEscape: state_ = c == '\\' ? State::Ground : State::String; return {};
    }
    __builtin_unreachable();
}

Echo FocusLine::ground(char c) {
    if (sequence_size_ > 0 || text::byte(c) >= 0x80) return unfinished(c);
    if (text::printable_ascii(c)) return character({&c, 1});
    switch (c) {
        case escape: state_ = State::Escape; return {};
        case '\b': return left(1);
        case '\t': wide_ = true; return character("\t");
        case '\a':
        case '\0': return {};  // a bell is a nuisance, and NUL is padding
        default: break;
    }
    Echo echo;
    text::spell({&c, 1}, [&](char shown) {
        auto const part = character({&shown, 1});
        if (part.kind == Echo::Kind::Repaint) {
            echo = repaint;
        } else if (echo.kind != Echo::Kind::Repaint) {
            echo.add(part.view());
        }
    });
    return echo;
}

/// Collects a UTF-8 character. One that turns out malformed or harmful becomes U+FFFD, the replacement character.
Echo FocusLine::unfinished(char c) {
    constexpr std::string_view replacement = "\xef\xbf\xbd";
    wide_ = true;
    if (sequence_size_ > 0 && !text::continuation(c)) {
        sequence_size_ = 0;
        (void)character(replacement);
        // Only one more byte can follow here: the caller leaves room for `widest`.
        if (text::printable_ascii(c)) (void)character({&c, 1});
        if (c == escape) state_ = State::Escape;
        if (text::sequence_length(c) > 0) sequence_[sequence_size_++] = c;
        return repaint;
    }
    sequence_[sequence_size_++] = c;
    auto const want = text::sequence_length(sequence_[0]);
    if (want > sequence_size_) return {};
    std::string_view const all{sequence_, sequence_size_};
    sequence_size_ = 0;
    return character(want != 0 && text::safe_length(all) == want ? all : replacement);
}

/// Writes one character at the cursor, over what stands there.
Echo FocusLine::character(std::string_view utf8) {
    bool const at_end = cursor_ == *length_;
    replace(after(cursor_, 1) - cursor_, utf8);
    cursor_ = static_cast<std::uint8_t>(cursor_ + utf8.size());
    if (wide_ && !at_end) return repaint;
    Echo echo;
    echo.add(utf8);
    return echo;
}

Echo FocusLine::csi(char c) {
    auto const b = text::byte(c);
    if (b >= 0x40 && b <= 0x7e) {
        state_ = State::Ground;
        return parameter_size_ <= max_parameters ? csi_final(c) : Echo{};
    }
    if (b < 0x20 || b > 0x7e) {
        state_ = c == escape ? State::Escape : State::Ground;
        return {};
    }
    if (parameter_size_ < max_parameters) parameters_[parameter_size_] = c;
    if (parameter_size_ <= max_parameters) ++parameter_size_;  // one more than fits: the sequence is ignored
    return {};
}

Echo FocusLine::csi_final(char final) {
    switch (final) {
        case 'm': return select_graphics();
        case 'C': return right(parameter(1));
        case 'D': return left(parameter(1));
        case 'G': return move_to(after(0, parameter(1) - 1));
        case 'K':
            if (parameter(0) == 2) return erase_all();
            [[fallthrough]];
        case 'J': return parameter(0) == 0 ? erase_right() : Echo{};  // nothing of ours is right of the cursor
        case 'P': return delete_characters(parameter(1));
        case '@': return insert_spaces(parameter(1));
        default: return {};
    }
}

Echo FocusLine::select_graphics() {
    Echo echo;
    echo.add("\x1b[");
    for (char c : std::string_view{parameters_, parameter_size_}) {
        if (!is_digit(c) && c != ';' && c != ':') return {};
        echo.add(c);
    }
    echo.add('m');
    coloured_ = true;
    return echo;
}

Echo FocusLine::move_to(std::size_t byte) {
    if (byte == cursor_) return {};
    cursor_ = static_cast<std::uint8_t>(byte);
    return repaint;
}

Echo FocusLine::left(unsigned columns) {
    auto const target = before(cursor_, columns);
    if (wide_ || columns != 1 || target == cursor_) return move_to(target);
    cursor_ = static_cast<std::uint8_t>(target);
    Echo echo;
    echo.add('\b');
    return echo;
}

Echo FocusLine::right(unsigned columns) {
    auto const target = after(cursor_, columns);
    if (wide_ || columns != 1 || target == cursor_) return move_to(target);
    cursor_ = static_cast<std::uint8_t>(target);
    Echo echo;
    echo.add("\x1b[C");
    return echo;
}

Echo FocusLine::erase_right() {
    *length_ = cursor_;
    Echo echo;
    echo.add("\x1b[K");
    return echo;
}

/// The terminal's own EL 2 would take the prefix too.
Echo FocusLine::erase_all() {
    for (std::size_t i = 0; i < cursor_; ++i) text_[i] = ' ';
    *length_ = cursor_;
    return repaint;
}

Echo FocusLine::delete_characters(unsigned columns) {
    replace(after(cursor_, columns) - cursor_, {});
    return repaint;
}

/// Opens a gap; an editor fills it next. Bounded by what the caller left free.
Echo FocusLine::insert_spaces(unsigned columns) {
    if (columns > widest) columns = widest;
    replace(0, std::string_view{"    ", columns});
    return repaint;
}

/// The only parameter, or the first; 0 and absent mean `otherwise`, as ECMA-48 says of the sequences used here.
unsigned FocusLine::parameter(unsigned otherwise) const {
    unsigned value = 0;
    for (std::size_t i = 0; i < parameter_size_ && is_digit(parameters_[i]); ++i) {
        if (value < 1000) value = value * 10 + static_cast<unsigned>(parameters_[i] - '0');
    }
    return value == 0 ? otherwise : value;
}

std::size_t FocusLine::after(std::size_t byte, unsigned columns) const {
    for (; columns > 0 && byte < *length_; --columns) {
        do {
            ++byte;
        } while (byte < *length_ && text::continuation(text_[byte]));
    }
    return byte;
}

std::size_t FocusLine::before(std::size_t byte, unsigned columns) const {
    for (; columns > 0 && byte > 0; --columns) {
        do {
            --byte;
        } while (byte > 0 && text::continuation(text_[byte]));
    }
    return byte;
}

/// Puts `with` in the place of the `removed` bytes at the cursor.
void FocusLine::replace(std::size_t removed, std::string_view with) {
    auto const tail = *length_ - cursor_ - removed;
    shift(text_ + cursor_ + with.size(), text_ + cursor_ + removed, tail);
    for (std::size_t i = 0; i < with.size(); ++i) text_[cursor_ + i] = with[i];
    *length_ = static_cast<std::uint8_t>(cursor_ + with.size() + tail);
}

}  // namespace tiffin
