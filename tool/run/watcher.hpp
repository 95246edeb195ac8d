// Reads the machine's serial line as it comes: shows it, understands it, and knows when all is said.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tool/run/pattern.hpp"
#include "tool/symbolize/symbolize.hpp"

namespace tiffin {

/// `--expect VM=REGEX`: a line of that VM (or of `tiffin`) must match before the machine stops.
struct Expectation {
    std::string vm;
    Pattern pattern;
    bool met{false};
    std::uint64_t times{1};  // it must be said so often
};

/// Nothing, and a reason, if the text is not VM=REGEX or the expression is wrong.
std::optional<Expectation> parse_expectation(std::string const& text, std::string& why);

class Watcher {
public:
    struct Options {
        bool colour{false};               // paint the `[vm]` prefixes
        Symbols const* symbols{nullptr};  // to name the frames of a backtrace
        std::vector<Expectation> expectations;
        /// Given whose line it is and what it says: what to show in its place; nothing: the line as it is. With it, lines are shown
        /// whole, instead of byte by byte.
        std::function<std::optional<std::string>(std::string_view vm, std::string_view text)> digest;
        /// Given each line of the hypervisor's own. True: it was for a debugger. With it, "tiffin: debug: " lines are not shown.
        std::function<bool(std::string_view text)> debugger{};
        /// Given each line, and whose it is.
        std::function<void(std::string_view vm, std::string_view text)> heard{};
    };
    explicit Watcher(Options options) : options_{std::move(options)} {}

    /// Takes bytes of the serial line; gives what to show. Bytes pass at once, but for a line's prefix, which waits to be
    /// painted.
    std::string feed(std::string_view bytes);

    /// The status of `tiffin: machine stopped: status N`, once it was said.
    [[nodiscard]] std::optional<int> status() const { return status_; }
    [[nodiscard]] std::vector<Expectation> const& expectations() const { return options_.expectations; }
    /// Lines of one VM, or of `tiffin`, without prefix.
    [[nodiscard]] std::vector<std::string> const& lines(std::string const& vm) const;

private:
    void take(char c, std::string& out);
    bool is_debuggers();
    void line_ended(std::string& out);
    void show_whole(std::string_view vm, std::string_view text, std::string& out);
    [[nodiscard]] std::string painted(std::string const& prefix) const;

    Options options_;
    std::string line_;    // so far, without what follows the last newline
    std::string held_;    // a prefix that may still be painted
    bool holding_{true};  // at the start of a line
    std::optional<int> status_;
    std::map<std::string, std::vector<std::string>> lines_;
};

}  // namespace tiffin
