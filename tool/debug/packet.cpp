#include "tool/debug/packet.hpp"

#include <charconv>
#include <fmt/format.h>

namespace tiffin::gdb {
namespace {

std::uint8_t as_byte(char c) { return static_cast<std::uint8_t>(c); }

}  // namespace

std::string packet(std::string_view payload) {
    std::uint8_t sum = 0;
    for (char const c : payload) sum = static_cast<std::uint8_t>(sum + as_byte(c));
    return fmt::format("${}#{:02x}", payload, sum);
}

std::string hex(std::string_view bytes) {
    std::string digits;
    for (char const c : bytes) digits += fmt::format("{:02x}", as_byte(c));
    return digits;
}

std::optional<std::string> bytes_of_hex(std::string_view digits) {
    if (digits.size() % 2 != 0) return std::nullopt;
    std::string bytes;
    for (; !digits.empty(); digits.remove_prefix(2)) {
        auto pair = digits.substr(0, 2);
        auto const value = take_number(pair);
        if (!value || !pair.empty()) return std::nullopt;
        bytes += static_cast<char>(*value);
    }
    return bytes;
}

std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

bool take(std::string_view& text, char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

PacketReader::Found PacketReader::feed(char c) {
    if (at_ != At::Outside && c == '$') at_ = At::Outside;  // the end of the last one was lost
    switch (at_) {
        case At::Outside:
            if (c == '\x03') return Found::Interrupt;
            if (c == '$') *this = {}, at_ = At::Payload;
            return Found::Nothing;
        case At::Payload:
        case At::Escaped: return add(c);
        case At::Digit1:
            digit_ = c;
            at_ = At::Digit2;
            return Found::Nothing;
        case At::Digit2: break;
    }
    at_ = At::Outside;
    char const digits[] = {digit_, c};
    auto const sent = bytes_of_hex({digits, 2});
    bool const good = sent && as_byte(sent->front()) == sum_ && !too_long_;
    return good ? Found::Packet : Found::Damaged;
}

PacketReader::Found PacketReader::add(char c) {
    if (c == '#') {
        too_long_ = too_long_ || at_ == At::Escaped;  // an escape of nothing
        at_ = At::Digit1;
        return Found::Nothing;
    }
    sum_ = static_cast<std::uint8_t>(sum_ + as_byte(c));
    if (at_ == At::Payload && c == '}') {
        at_ = At::Escaped;
        return Found::Nothing;
    }
    if (payload_.size() == most)
        too_long_ = true;
    else
        payload_ += at_ == At::Escaped ? static_cast<char>(c ^ 0x20) : c;
    at_ = At::Payload;
    return Found::Nothing;
}

}  // namespace tiffin::gdb
