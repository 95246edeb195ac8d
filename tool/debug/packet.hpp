// The packets of gdb's remote protocol. Source: GDB manual, "Remote Protocol: Overview", "Packet Acknowledgment", "Interrupts".
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tiffin::gdb {

/// `$payload#checksum`. The payload must hold no `$`, `#`, `*` or `}`: ours are hex and names.
std::string packet(std::string_view payload);

std::string hex(std::string_view bytes);
/// Nothing if it is no even number of hex digits.
std::optional<std::string> bytes_of_hex(std::string_view digits);
/// Takes a hex number of at most 16 digits from the front of `text`; nothing if there is none.
std::optional<std::uint64_t> take_number(std::string_view& text);
/// True, and `c` taken off, if `text` begins with it.
bool take(std::string_view& text, char c);

/// Makes packets of bytes as they come from the connection.
class PacketReader {
public:
    enum class Found : std::uint8_t { Nothing, Packet, Damaged, Interrupt };

    /// What is complete with this byte. Acknowledgements and noise between packets are nothing.
    Found feed(char c);
    /// The last packet's, with escapes undone.
    [[nodiscard]] std::string const& payload() const { return payload_; }

    static constexpr std::size_t most = 4096;  // bytes of a payload; PacketSize tells gdb of less

private:
    enum class At : std::uint8_t { Outside, Payload, Escaped, Digit1, Digit2 };

    Found add(char c);

    At at_{At::Outside};
    bool too_long_{false};
    std::uint8_t sum_{0};
    char digit_{0};
    std::string payload_;
};

}  // namespace tiffin::gdb
