// The focused VM's unfinished line, as a terminal would show it: a program with line editing (a shell, a boot loader's prompt)
// works, and yet nothing it sends can move the cursor out of its own text, so it can neither erase nor imitate the console's
// marks.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/console/text.hpp"

namespace tiffin {

/// What the terminal must be sent to follow one byte of the VM, if it shows the line as it was before.
struct Echo {
    enum class Kind : std::uint8_t {
        Nothing,  // the byte changed nothing that is seen
        Bytes,    // send `bytes`
        Repaint,  // show the whole line anew
    };
    static constexpr std::size_t capacity = 24;

    Kind kind{Kind::Nothing};
    std::uint8_t count{0};
    char bytes[capacity]{};

    constexpr void add(char c) {
        kind = Kind::Bytes;
        if (count < capacity) bytes[count++] = c;
    }
    constexpr void add(std::string_view text) {
        for (char c : text) add(c);
    }
    [[nodiscard]] constexpr std::string_view view() const { return {bytes, count}; }
};

/// Interprets a VM's bytes on a line buffer that its port owns. The subset is that of ECMA-48 ("Control Functions for Coded
/// Character Sets") which line editors use: SGR, CUF, CUB, CHA, EL 0, EL 2, ED 0, DCH, ICH, and BS, CR. Every other sequence is
/// swallowed whole.
class FocusLine {
public:
    /// Most bytes that one byte of the VM can add to the line: `\xNN`.
    static constexpr std::size_t widest = 4;

    /// Starts a new line, inside no sequence.
    constexpr void reset() { *this = FocusLine{}; }

    /// A new line of the same stream: a sequence that is under way goes on, except that a line's end closes it.
    constexpr void next_line() {
        cursor_ = 0;
        wide_ = coloured_ = false;
    }

    /// `text` has `length` bytes and room for `widest` more.
    Echo accept(char c, char* text, std::uint8_t& length);

    /// CR: to the start of the text, which is behind the prefix. Ends any sequence.
    constexpr void carriage_return() {
        line_feed();
        cursor_ = 0;
    }

    /// LF: ends any sequence, so that an unterminated one cannot swallow the next line.
    constexpr void line_feed() {
        state_ = State::Ground;
        sequence_size_ = 0;
    }

    /// Where the cursor stands, in bytes of the text.
    [[nodiscard]] constexpr std::uint8_t cursor() const { return cursor_; }

    /// True if the terminal's colours were changed, and must be put back before anybody else writes.
    [[nodiscard]] constexpr bool coloured() const { return coloured_; }
    constexpr void colours_reset() { coloured_ = false; }

private:
    enum class State : std::uint8_t { Ground, Escape, Csi, String, StringEscape };

    Echo ground(char c);
    Echo character(std::string_view utf8);
    Echo unfinished(char c);
    Echo csi(char c);
    Echo csi_final(char final);
    Echo select_graphics();
    Echo move_to(std::size_t byte);
    Echo left(unsigned columns);
    Echo right(unsigned columns);
    Echo erase_right();
    Echo erase_all();
    Echo delete_characters(unsigned columns);
    Echo insert_spaces(unsigned columns);

    [[nodiscard]] unsigned parameter(unsigned otherwise) const;
    [[nodiscard]] std::size_t after(std::size_t byte, unsigned columns) const;
    [[nodiscard]] std::size_t before(std::size_t byte, unsigned columns) const;
    void replace(std::size_t removed, std::string_view with);

    static constexpr std::size_t max_parameters = 16;

    char* text_{nullptr};            // valid during accept() only
    std::uint8_t* length_{nullptr};  // likewise
    State state_{State::Ground};
    std::uint8_t cursor_{0};
    bool wide_{false};  // a character whose width we do not know is in the line: only a repaint places the cursor safely
    bool coloured_{false};
    std::uint8_t sequence_size_{0};  // of a UTF-8 character under way
    char sequence_[4]{};
    std::uint8_t parameter_size_{0};
    char parameters_[max_parameters]{};
};

}  // namespace tiffin
