#include "guest/sdk/console.hpp"

#include "abi/guest_map.hpp"
#include "guest/sdk/cpu.hpp"
#include "guest/sdk/hypercall.hpp"
#include "guest/sdk/startup.hpp"

namespace tiffin::sdk {

namespace {

constexpr std::size_t bytes_per_call = 48;                    // abi/hypercalls.hpp, ConsoleWrite
constexpr std::uint64_t uart_data = 0x00, uart_flags = 0x18;  // PL011 (Arm DDI 0183), "Summary of registers"
constexpr std::uint32_t transmit_full = 1u << 5;

constinit std::uint64_t uart = abi::guest_map::pl011;

/// Up to 48 bytes by one call; how many were taken.
std::size_t write_piece(std::string_view piece) {
    std::uint64_t words[6]{};
    for (std::size_t i = 0; i < piece.size(); ++i)
        words[i / 8] |= std::uint64_t{static_cast<std::uint8_t>(piece[i])} << i % 8 * 8;
    auto const answer = hypercall::ConsoleWrite(piece.size(), words[0], words[1], words[2], words[3], words[4], words[5]);
    return answer.failed() || answer.x0 > piece.size() ? 0 : answer.x0;
}

void write_by_hypercall(std::string_view text) {
    while (!text.empty()) {
        auto const taken = write_piece({text.data(), text.size() < bytes_per_call ? text.size() : bytes_per_call});
        if (taken == 0) hypercall::Yield();  // full: let whoever drains it run
        text.remove_prefix(taken);
    }
}

void write_by_uart(std::string_view text) {
    for (char const c : text) {
        while ((mmio_read<std::uint32_t>(uart + uart_flags) & transmit_full) != 0) {
        }
        mmio_write<std::uint32_t>(uart + uart_data, static_cast<std::uint8_t>(c));
    }
}

/// Collects a print's characters, so that a line is one hypercall rather than one for each character.
class Piece {
public:
    void operator()(char c) {
        buffer_[used_++] = c;
        if (used_ == sizeof buffer_) flush();
    }
    void flush() {
        write({buffer_, used_});
        used_ = 0;
    }

private:
    char buffer_[bytes_per_call]{};
    std::size_t used_{0};
};

}  // namespace

void start_console(DeviceTree const& tree) {
    for (auto const* name : {"arm,pl011", "arm,sbsa-uart"})  // the latter is what Xen calls its emulated PL011
        if (auto const reg = tree.find_reg(name)) {
            uart = reg->base;
            return;
        }
}

std::uint64_t uart_address() { return uart; }

bool console_is_hypercall() { return tiffin_version() != 0; }

void write(std::string_view text) { console_is_hypercall() ? write_by_hypercall(text) : write_by_uart(text); }

void print_args(std::string_view format, FormatArg const* args, unsigned count) {
    Piece piece;
    format_to(piece, format, args, count);
    piece.flush();
}

}  // namespace tiffin::sdk
