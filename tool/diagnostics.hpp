// What is wrong with a description, where, and how to mend it. Problems are collected, never thrown: a user sees all of them at
// once.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tiffin {

/// A place in a text file; 1-based, as editors count. Line 0: the file as a whole.
struct Mark {
    unsigned line{0}, column{0};
    friend auto operator<=>(Mark const&, Mark const&) = default;
};

/// A value and the place that it was read from.
template <class T>
struct Located {
    T value{};
    Mark at{};
};

struct Problem {
    Mark at;
    std::string what;      // what is wrong
    std::string expected;  // what would be right; may be empty
    std::string hint;      // how to get there; may be empty
};

/// All problems of one description file.
class Problems {
public:
    explicit Problems(std::string file) : file_{std::move(file)} {}

    void add(Mark at, std::string const& what, std::string const& expected = {}, std::string const& hint = {});
    [[nodiscard]] bool empty() const { return list_.empty(); }
    [[nodiscard]] std::size_t count() const { return list_.size(); }
    [[nodiscard]] std::string const& file() const { return file_; }

    /// One line each, in the order of the file: `file:line:column: error: what; expected ...; hint: ...`.
    [[nodiscard]] std::string text() const;
    /// {"file": ..., "problems": [{"line", "column", "severity", "what", "expected", "hint"}]} for editors.
    [[nodiscard]] std::string json() const;

private:
    std::string file_;
    std::vector<Problem> list_;  // in the order of the file
};

/// The candidate that a typing error of `word` most likely meant; empty if none is near.
std::string nearest(std::string_view word, std::vector<std::string> const& candidates);

/// "; hint" fodder: `did you mean "x"?`, or empty if nothing is near.
std::string did_you_mean(std::string_view word, std::vector<std::string> const& candidates);

}  // namespace tiffin
