// What the shell's `trace` printed, found again in a log of the console among everything else.
#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <map>

#include "tool/trace/trace_file.hpp"

namespace tiffin {
namespace {

/// Decodes RFC 4648 text; false if it is none.
bool add_base64(std::string_view text, std::vector<std::byte>& out) {
    std::uint32_t group = 0;
    unsigned have = 0;
    while (text.ends_with('=')) text.remove_suffix(1);
    for (char const c : text) {
        constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        auto const value = digits.find(c);
        if (value == digits.npos) return false;
        group = group << 6 | static_cast<std::uint32_t>(value);
        have += 6;
        if (have < 8) continue;
        have -= 8;
        out.push_back(static_cast<std::byte>(group >> have));
    }
    return true;
}

std::string_view next_word(std::string_view& rest) {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    auto const word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(word.size());
    return word;
}

template <class T>
bool parse(std::string_view text, T& out, int base) {
    auto const [at, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
    return error == std::errc{} && at == text.data() + text.size() && !text.empty();
}

struct Piece {
    unsigned part{0};
    std::uint64_t at{0};
    std::vector<std::byte> bytes;
};

/// "trace PART 0xOFFSET BASE64" behind the hypervisor's prefix.
std::optional<Piece> piece_of(std::string_view line) {
    constexpr std::string_view mark = "tiffin: trace ";
    auto const begin = line.rfind(mark);
    if (begin == line.npos) return std::nullopt;
    line.remove_prefix(begin + mark.size());
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    Piece piece;
    auto const part = next_word(line), at = next_word(line), data = next_word(line);
    if (!parse(part, piece.part, 10) || !at.starts_with("0x") || !parse(at.substr(2), piece.at, 16)) return std::nullopt;
    if (!add_base64(data, piece.bytes)) return std::nullopt;
    return piece;
}

}  // namespace

std::optional<std::vector<std::byte>> bytes_from_console(std::string_view log, std::string& why) {
    std::map<unsigned, std::vector<std::byte>> parts;
    bool ended = false;
    while (!log.empty()) {
        auto const line = log.substr(0, log.find('\n'));
        log.remove_prefix(std::min(line.size() + 1, log.size()));
        if (line.find("tiffin: trace end") != line.npos) ended = true;
        auto piece = piece_of(line);
        if (!piece) continue;
        if (piece->part == 0 && piece->at == 0) parts.clear(), ended = false;  // the last one printed counts
        auto& bytes = parts[piece->part];
        if (piece->at != bytes.size())
            return why = fmt::format("a line of the trace is missing before \"trace {} {:#010x}\"", piece->part, piece->at),
                   std::nullopt;
        bytes.insert(bytes.end(), piece->bytes.begin(), piece->bytes.end());
    }
    if (parts.empty()) return why = "the log has no trace in it; the shell's command `trace` prints one", std::nullopt;
    if (!ended) return why = "the trace in the log has no end: it was still being printed", std::nullopt;
    std::vector<std::byte> out;
    for (auto const& [part, bytes] : parts) {
        out.resize((out.size() + 15) / 16 * 16);
        out.insert(out.end(), bytes.begin(), bytes.end());
    }
    return out;
}

}  // namespace tiffin
