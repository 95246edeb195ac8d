// A POSIX extended regular expression. (GCC 12 warns, wrongly, inside std::regex when sanitizers are on.)
#pragma once
#include <memory>
#include <optional>
#include <regex.h>
#include <string>

namespace tiffin {

class Pattern {
public:
    /// Nothing, and a reason, if the expression is wrong.
    static std::optional<Pattern> compile(std::string const& text, std::string& why);

    [[nodiscard]] std::string const& text() const { return text_; }
    /// True if some part of `line` matches.
    [[nodiscard]] bool found_in(std::string const& line) const;

private:
    Pattern(std::string text, std::shared_ptr<regex_t> compiled) : text_{std::move(text)}, compiled_{std::move(compiled)} {}

    std::string text_;
    std::shared_ptr<regex_t> compiled_;
};

}  // namespace tiffin
