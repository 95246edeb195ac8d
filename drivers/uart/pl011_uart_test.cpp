#include "drivers/uart/pl011_uart.hpp"

#include <deque>
#include <gtest/gtest.h>
#include <map>
#include <string>

namespace tiffin {
namespace {

enum : std::uint32_t { dr = 0x00, fr = 0x18, ibrd = 0x24, lcr_h = 0x2c, cr = 0x30, imsc = 0x38, icr = 0x44 };

/// The registers, with a FIFO on each side.
struct Registers {
    std::map<std::uint32_t, std::uint32_t> kept;
    std::deque<std::uint32_t> received;
    std::string sent;
    std::size_t room{32};
    unsigned busy_for{0};

    std::uint32_t read(std::uint32_t offset) {
        if (offset == fr) {
            auto const busy = busy_for > 0 && busy_for-- > 0;
            return (received.empty() ? 1u << 4 : 0) | (room == 0 ? 1u << 5 : 0) | (busy ? 1u << 3 : 0);
        }
        if (offset != dr || received.empty()) return kept[offset];
        auto const data = received.front();
        received.pop_front();
        return data;
    }
    void write(std::uint32_t offset, std::uint32_t value) {
        kept[offset] = value;
        if (offset != dr) return;
        ASSERT_GT(room, 0u) << "a byte was written into a full FIFO";
        sent += static_cast<char>(value);
        --room;
    }
};

struct FakeBus {
    Registers* registers;
    std::uint32_t read(std::uint32_t offset) const { return registers->read(offset); }
    void write(std::uint32_t offset, std::uint32_t value) const { registers->write(offset, value); }
};

struct Board {
    Registers registers;
    Pl011Uart<FakeBus> uart{FakeBus{&registers}};
};

TEST(Pl011Uart, TakesOverFromALoaderAndKeepsTheBaudRate) {
    Board b;
    b.registers.kept[ibrd] = 13;
    b.registers.kept[cr] = 0x0381;  // enabled, in loopback
    b.registers.kept[imsc] = 0x7ff;
    b.registers.busy_for = 5;
    b.uart.init();
    EXPECT_EQ(b.registers.kept[ibrd], 13u);
    EXPECT_EQ(b.registers.kept[cr], 0x0301u);
    EXPECT_EQ(b.registers.kept[lcr_h], 0x70u);
    EXPECT_EQ(b.registers.kept[imsc], 0x50u) << "receive and receive timeout";
}

TEST(Pl011Uart, ADeadUartDoesNotHangTheBoot) {
    Board b;
    b.registers.busy_for = ~0u;
    b.registers.room = 0;
    b.uart.init();
    b.uart.put_polled('x');
    EXPECT_EQ(b.registers.sent, "");
}

TEST(Pl011Uart, AFullFifoRefuses) {
    Board b;
    b.registers.room = 1;
    EXPECT_EQ(b.uart.put("ab"), 1u) << "there is room for one";
    EXPECT_EQ(b.uart.put("b"), 0u);
    EXPECT_EQ(b.registers.sent, "a");
}

TEST(Pl011Uart, BytesWithLineErrorsAreNotKeys) {
    Board b;
    b.registers.received = {0x400, 0x100 | 'x', 0x800 | 'o', 'k'};
    EXPECT_EQ(b.uart.try_get(), 'o') << "an overrun spares the byte";
    EXPECT_EQ(b.uart.try_get(), 'k');
    EXPECT_EQ(b.uart.try_get(), -1);
}

TEST(Pl011Uart, TheTransmitInterruptIsOnOnlyWhileWanted) {
    Board b;
    b.uart.init();
    b.uart.want_tx_interrupt(true);
    EXPECT_EQ(b.registers.kept[imsc], 0x70u);
    b.uart.want_tx_interrupt(false);
    EXPECT_EQ(b.registers.kept[imsc], 0x50u);
}

TEST(Pl011Uart, AcknowledgingLeavesReceptionPending) {
    Board b;
    b.uart.acknowledge();
    EXPECT_EQ(b.registers.kept[icr] & 0x50u, 0u);
    EXPECT_EQ(b.registers.kept[icr] & 0x20u, 0x20u);
}

}  // namespace
}  // namespace tiffin
