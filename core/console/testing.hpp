// What the console's tests share: a UART that keeps what it is sent.
#pragma once
#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/console/console.hpp"

namespace tiffin::testing {

class FakeUart final : public UartPort {
public:
    std::size_t put(std::string_view bytes) override {
        auto const taken = bytes.substr(0, room);
        room -= taken.size();
        sent += taken;
        tx_raw = tx_raw || !taken.empty();
        return taken.size();
    }
    int try_get() override {
        if (typed.empty()) return -1;
        int const c = static_cast<unsigned char>(typed.front());
        typed.pop_front();
        return c;
    }
    void want_tx_interrupt(bool wanted) override { tx_interrupt = wanted; }
    void acknowledge() override {
        ++acknowledged;
        tx_raw = false;
    }
    /// As hardware asserts it: bytes have left since it was acknowledged, or a key has come.
    [[nodiscard]] bool interrupt() const { return (tx_interrupt && tx_raw) || !typed.empty(); }

    std::size_t room{~std::size_t{0}};  // bytes it takes before its FIFO is full
    bool tx_interrupt{false};
    bool tx_raw{false};
    unsigned acknowledged{0};
    std::deque<char> typed;
    std::string sent;
};

class FakeClient final : public ConsoleClient {
public:
    void console_changed() override { ++changes; }
    unsigned changes{0};
};

inline bool bell_rings{false};

/// Interrupts, as long as the UART or the bell asks for one. A console that is busy then is one that hangs.
inline void take_console_interrupts(Console& console, FakeUart& uart) {
    uart.tx_raw = true;  // its FIFO, which a test filled up or emptied, has passed the mark
    for (unsigned n = 0; n < 100'000 && (bell_rings || uart.interrupt()); ++n) {
        bell_rings = false;
        console.on_uart_interrupt();
    }
}

/// A console with VMs "a", "b" and "c" (and a client for each).
struct Bench {
    FakeUart uart;
    Console console{uart};
    ConsolePort a{console, "a"}, b{console, "b"}, c{console, "c"};
    FakeClient client_a, client_b, client_c;

    Bench() {
        a.set_client(&client_a);
        b.set_client(&client_b);
        c.set_client(&client_c);
        for (auto* port : {&a, &b, &c}) console.attach(*port);
        bell_rings = false;
        console.set_bell([] { bell_rings = true; });
    }

    /// As a key does it, whose interrupt goes on with a step of the console.
    void focus_by_key(ConsolePort& port) {
        console.focus(&port);
        console.on_uart_interrupt();
    }

    static void write(ConsolePort& port, std::string_view text) {
        for (char byte : text) port.put(byte);
    }

    void type(std::string_view keys) {
        for (char key : keys) uart.typed.push_back(key);
        while (!uart.typed.empty()) console.on_uart_interrupt();
    }

    /// Interrupts until there is nothing to send. What was sent since the last call.
    std::string output() {
        take_console_interrupts(console, uart);
        return std::exchange(uart.sent, {});
    }
};

/// What a terminal of endless width shows, line by line, after `bytes`. It knows what the console sends, and no more: anything
/// else that is not text comes out as '?'.
inline std::vector<std::string> on_terminal(std::string_view bytes) {
    std::vector<std::string> lines(1);
    std::size_t column = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        auto& line = lines.back();
        if (bytes[i] == '\n') {
            lines.emplace_back();
        } else if (bytes[i] == '\r') {
            column = 0;
        } else if (bytes[i] == '\b') {
            column -= column > 0;
        } else if (bytes.substr(i, 3) == "\x1b[K") {
            line.resize(std::min(line.size(), column));
            i += 2;
        } else if (bytes.substr(i, 3) == "\x1b[C") {
            ++column;
            i += 2;
        } else if (bytes.substr(i, 2) == "\x1b[" && bytes.find('m', i) != bytes.npos) {
            i = bytes.find('m', i);
        } else {
            line.resize(std::max(line.size(), column + 1), ' ');
            line[column++] = static_cast<unsigned char>(bytes[i]) < 0x20 && bytes[i] != '\t' ? '?' : bytes[i];
        }
    }
    return lines;
}

}  // namespace tiffin::testing
