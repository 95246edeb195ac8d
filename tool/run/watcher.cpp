#include "tool/run/watcher.hpp"

#include <charconv>
#include <fmt/format.h>

namespace tiffin {
namespace {

constexpr std::size_t longest_prefix = 34;  // "[" name of 31 "]+"
constexpr std::size_t longest_line = 4096;  // the console splits earlier; a wild UART does not

constexpr std::string_view erase_line = "\x1b[K";  // behind a return, before a line that comes over another
constexpr std::string_view debuggers = "tiffin: debug: ";

/// Is this the beginning of a line for the debugger, or could it become one?
bool may_be_debuggers(std::string_view line) {
    if (erase_line.starts_with(line)) return true;
    if (line.starts_with(erase_line)) line.remove_prefix(erase_line.size());
    return debuggers.starts_with(line) || line.starts_with(debuggers);
}

struct Said {
    std::string_view vm, text;
};

/// Whose line it is: "[name] text", "[name]+text" or "tiffin: text".
Said split(std::string_view line) {
    if (line.starts_with("tiffin: ")) return {"tiffin", line.substr(8)};
    auto const end = line.find(']');
    if (!line.starts_with('[') || end == line.npos) return {"", line};
    return {line.substr(1, end - 1), line.substr(std::min(end + 2, line.size()))};
}

std::optional<int> stop_status(std::string_view line) {
    constexpr std::string_view words = "tiffin: machine stopped: status ";
    if (!line.starts_with(words)) return std::nullopt;
    auto const digits = line.substr(words.size());
    int status = 0;
    auto const [at, error] = std::from_chars(digits.data(), digits.data() + digits.size(), status);
    if (error != std::errc{} || status < 0 || status > 255) return std::nullopt;
    return status;
}

}  // namespace

std::optional<Expectation> parse_expectation(std::string const& text, std::string& why) {
    auto const equals = text.find('=');
    if (equals == std::string::npos || equals == 0) return why = fmt::format("--expect {}: want VM=REGEX", text), std::nullopt;
    auto const pattern = Pattern::compile(text.substr(equals + 1), why);
    if (!pattern) return why = fmt::format("--expect {}: {}", text, why), std::nullopt;
    return Expectation{text.substr(0, equals), *pattern, false};
}

std::string Watcher::feed(std::string_view bytes) {
    std::string out;
    for (char const c : bytes) take(c, out);
    return out;
}

void Watcher::take(char c, std::string& out) {
    if (c == '\n') return line_ended(out);
    if (line_.size() < longest_line) line_.push_back(c);
    if (options_.digest) return;
    if (!holding_) {
        out.push_back(c);
        return;
    }
    held_.push_back(c);
    if (options_.debugger && may_be_debuggers(held_)) return;
    if (c == ']')
        out += painted(held_);
    else if (held_[0] == '[' && held_.size() < longest_prefix)
        return;
    else
        out += held_;
    held_.clear();
    holding_ = c == '\r';  // what is painted again starts at the left edge, and has a prefix too
}

void Watcher::line_ended(std::string& out) {
    if (options_.debugger && is_debuggers()) return;
    out += held_;
    held_.clear();
    holding_ = true;
    while (!line_.empty() && line_.back() == '\r') line_.pop_back();
    // A line that was painted over its echo: the text behind the last return is what stands there in the end.
    if (auto const last = line_.rfind('\r'); last != std::string::npos) line_.erase(0, last + 1);
    if (line_.starts_with(erase_line)) line_.erase(0, erase_line.size());
    auto const name = options_.symbols != nullptr ? options_.symbols->annotation(line_) : "";
    if (!options_.digest) {
        if (!name.empty()) out += "  " + name;
        out.push_back('\n');
    }
    if (auto const status = stop_status(line_)) status_ = status;
    auto const said = split(line_);
    if (options_.digest) show_whole(said.vm, said.text, out);
    std::string text{said.text};
    for (auto& e : options_.expectations)
        if (e.vm == said.vm && !e.met && e.pattern.found_in(text)) e.met = --e.times == 0;
    if (options_.heard) options_.heard(said.vm, said.text);
    lines_[std::string{said.vm}].push_back(std::move(text));
    line_.clear();
}

/// A line for the debugger is gone without a trace.
bool Watcher::is_debuggers() {
    std::string_view line{line_};
    while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (auto const last = line.rfind('\r'); last != line.npos) line.remove_prefix(last + 1);
    if (line.starts_with(erase_line)) line.remove_prefix(erase_line.size());
    if (!line.starts_with("tiffin: ") || !options_.debugger(line.substr(8))) return false;
    held_.clear(), line_.clear();
    holding_ = true;
    return true;
}

void Watcher::show_whole(std::string_view vm, std::string_view text, std::string& out) {
    if (auto const instead = options_.digest(vm, text)) {
        out += *instead;
        return;
    }
    auto const end = line_.starts_with('[') ? line_.find(']') : line_.npos;
    out += end == line_.npos ? line_ : painted(line_.substr(0, end + 1)) + line_.substr(end + 1);
    auto const name = options_.symbols != nullptr ? options_.symbols->annotation(line_) : "";
    out += (name.empty() ? "" : "  " + name) + '\n';
}

std::string Watcher::painted(std::string const& prefix) const {
    constexpr int colours[] = {36, 33, 32, 35, 34, 96, 93, 92, 95, 94};
    if (!options_.colour) return prefix;
    unsigned sum = 0;
    for (char const c : prefix) sum = sum * 31 + static_cast<unsigned char>(c);
    return fmt::format("\x1b[{}m{}\x1b[0m", colours[sum % std::size(colours)], prefix);
}

std::vector<std::string> const& Watcher::lines(std::string const& vm) const {
    static std::vector<std::string> const none;
    auto const found = lines_.find(vm);
    return found == lines_.end() ? none : found->second;
}

}  // namespace tiffin
