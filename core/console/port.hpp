// One VM's end of the console: a line being written, and the keys that it has not read yet.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/console/ring.hpp"

namespace tiffin {

class Console;

/// The device behind a port that must hear of changes: the VM's virtual UART.
class ConsoleClient {
public:
    /// Keys arrived, or room for output came back.
    virtual void console_changed() = 0;

protected:
    ~ConsoleClient() = default;
};

/// Not copied, not moved: the console links ports by address.
class ConsolePort {
public:
    static constexpr std::size_t line_capacity = 160;  // longer lines are split
    static constexpr std::size_t fifo_capacity = 32;   // bytes taken behind a finished line that waits for room
    static constexpr std::size_t key_capacity = 32;

    /// `name` must outlive the port (it lies in the plan) and is at most abi::max_name bytes of [a-z0-9-].
    constexpr ConsolePort(Console& console, std::string_view name) : console_{&console}, name_{name} {}
    ConsolePort(ConsolePort const&) = delete;
    ConsolePort& operator=(ConsolePort const&) = delete;

    /// Who is told of keys and room; nullptr for nobody (a VM without a UART, using hypercalls only).
    constexpr void set_client(ConsoleClient* client) { client_ = client; }
    [[nodiscard]] constexpr std::string_view name() const { return name_; }

    /// Bytes (0..fifo_capacity) that are taken for certain, whatever they are. A guest's UART FIFO of this depth has that much
    /// space.
    [[nodiscard]] constexpr std::size_t tx_room() const {
        return waiting_ ? fifo_capacity - (length_ - finished_) : fifo_capacity;
    }
    [[nodiscard]] constexpr bool tx_full() const { return tx_room() == 0; }

    /// Takes one byte of output. When tx_full() it is lost and counted, as in a real UART whose driver ignores the full flag.
    /// The common case is five instructions: it must stay here, inlined into the emulated UART's write.
    void put(char c) {
        if (!put_fast(c)) put_slow(c);
    }

    [[nodiscard]] constexpr bool rx_empty() const { return keys_.empty(); }
    [[nodiscard]] constexpr bool rx_full() const { return keys_.room() == 0; }

    /// The next key (0..255), or -1 if there is none.
    int get();

    /// Bytes written although tx_full() said no, since boot.
    [[nodiscard]] constexpr std::uint32_t lost() const { return lost_; }

private:
    friend class Console;
    [[gnu::always_inline]] bool put_fast(char c) {
        if (length_ >= fast_limit_ || c == '\n' || c == '\r') return false;
        line_[length_++] = c;
        return true;
    }
    void put_slow(char c);
    [[nodiscard]] constexpr std::string_view view() const { return {line_, length_}; }

    Console* console_;
    ConsoleClient* client_{nullptr};
    std::string_view name_;
    ConsolePort* next_{nullptr};          // in the console's list of all ports
    ConsolePort* next_waiting_{nullptr};  // in its queue of finished lines
    std::uint32_t turn_{0};               // while waiting_: when it joined that queue
    std::uint32_t lost_{0};
    std::uint8_t length_{0};                      // bytes in line_
    std::uint8_t finished_{0};                    // while waiting_: bytes of the finished line; the FIFO follows it
    std::uint8_t fast_limit_{line_capacity - 1};  // put() needs no help below this length; 0: it always does
    std::uint8_t colour_{0};
    bool waiting_{false};
    bool return_pending_{false};  // a CR came; what it means depends on the next byte
    bool split_{false};           // the finished line goes on in the next one
    bool continuation_{false};    // the line being written continues one that was too long
    char line_[line_capacity + fifo_capacity]{};
    ByteRing<key_capacity> keys_{};
};
static_assert(sizeof(ConsolePort) <= 320, "there is one for each of 1,024 VMs");

}  // namespace tiffin
