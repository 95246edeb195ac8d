// What is typed at the server's own console: lines like `0.1: hello` go to port 1 of device 0, as its lines come out. A line `0.1:` chooses that
// port for the lines behind it, which need no number then.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tiffin::ports {

struct Typed {
    std::uint32_t device, port;
    std::string_view text;
    bool chooses{false};  // nothing stands behind the colon
};

/// Nothing if the line is for nobody: not two numbers of at most two digits, a colon and a space.
constexpr std::optional<Typed> parse(std::string_view line) {
    auto const take_number = [&line](char end) -> std::optional<std::uint32_t> {
        std::uint32_t value = 0;
        for (unsigned digits = 0; digits < 3 && !line.empty(); ++digits) {
            char const c = line.front();
            line.remove_prefix(1);
            if (c == end && digits != 0) return value;
            if (c < '0' || c > '9') return std::nullopt;
            value = value * 10 + static_cast<std::uint32_t>(c - '0');
        }
        return std::nullopt;
    };
    auto const device = take_number('.');
    if (!device) return std::nullopt;
    auto const port = take_number(':');
    if (!port || (!line.empty() && line.front() != ' ')) return std::nullopt;
    bool const chooses = line.empty();
    if (!chooses) line.remove_prefix(1);  // not substr(): its range check would need the library's exceptions
    return Typed{*device, *port, line, chooses};
}

/// Keys as they come, until a line is whole. An interrupt's handler puts them in, the server takes them out: one writer for each index.
class Keys {
public:
    void put(char c) {
        auto const next = (end_ + 1) % keys_.size();
        if (next == begin_) return;  // full: typed faster than anybody reads
        keys_[end_] = c;
        end_ = next;
    }
    std::optional<char> take() {
        if (begin_ == end_) return std::nullopt;
        char const c = keys_[begin_];
        begin_ = (begin_ + 1) % keys_.size();
        return c;
    }

private:
    std::array<char, 256> keys_{};
    std::size_t volatile begin_{0}, end_{0};
};

}  // namespace tiffin::ports
