// Bytes of a client, as lines that do a terminal no harm.
#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace tiffin::ports {

class Line {
public:
    /// Adds bytes, and gives `say` each line that they end. A line that is too long ends where it is; what could steer a terminal is shown
    /// as a dot.
    template <class Say>
    void add(std::span<std::byte const> bytes, Say say) {
        for (std::byte const b : bytes) {
            auto const c = static_cast<char>(b);
            if (c == '\r') continue;
            if (c != '\n') text_[used_++] = harmless(c) ? c : '.';
            if (c != '\n' && used_ < text_.size()) continue;
            say(std::string_view{text_.data(), used_});
            used_ = 0;
        }
    }
    void clear() { used_ = 0; }

private:
    /// Printable ASCII and tabs. Not UTF-8: some terminals take its C1 controls for commands.
    [[nodiscard]] static constexpr bool harmless(char c) {
        auto const u = static_cast<unsigned char>(c);
        return c == '\t' || (u >= 0x20 && u < 0x7f);
    }

    std::array<char, 160> text_{};
    std::size_t used_{0};
};

}  // namespace tiffin::ports
