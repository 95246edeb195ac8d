#include "vdev/pl011/pl011.hpp"

#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "abi/guest_map.hpp"
#include "core/console/testing.hpp"

namespace tiffin {

struct Vcpu {};

namespace {

enum : std::uint32_t {
    dr = 0x00,
    rsr = 0x04,
    fr = 0x18,
    ibrd = 0x24,
    lcr_h = 0x2c,
    cr = 0x30,
    imsc = 0x38,
    ris = 0x3c,
    mis = 0x40,
    icr = 0x44
};
constexpr std::uint32_t rx = 1u << 4, tx = 1u << 5, rt = 1u << 6;
constexpr std::uint32_t rxfe = 1u << 4, txff = 1u << 5, txfe = 1u << 7;

struct Line final : IrqSink {
    void set_line(std::uint32_t intid, bool level) override {
        EXPECT_EQ(intid, abi::guest_map::pl011_intid);
        EXPECT_NE(level, high) << "only changes are told";
        high = level;
    }
    bool high{false};
};

struct Guest : testing::Bench {
    Vcpu vcpu;
    Line irq;
    Pl011 uart0{a, irq};

    std::uint32_t get(std::uint32_t offset, std::uint8_t size = 4) {
        return static_cast<std::uint32_t>(uart0.read(vcpu, {offset, size}));
    }
    void set(std::uint32_t offset, std::uint64_t value, std::uint8_t size = 4) { uart0.write(vcpu, {offset, size}, value); }
    void print(std::string_view text) {
        for (char byte : text) set(dr, static_cast<std::uint8_t>(byte));
    }
    void fill() {
        uart.room = 0;
        for (unsigned n = 0; !(get(fr) & txff); ++n) set(dr, n % 8 == 7 ? '\n' : 'x');
    }
};

TEST(Pl011, WritesReachTheConsole) {
    Guest g;
    g.print("Hello\n");
    EXPECT_EQ(g.output(), "[a] Hello\r\n");
}

TEST(Pl011, EarlyconAndBareProgramsPrintWithoutSettingUp) {
    Guest g;
    EXPECT_EQ(g.get(fr), rxfe | txfe) << "ready, and never busy";
    g.set(dr, 'a', 1);
    g.set(dr, 'b', 2);
    g.set(dr, '\n', 4);
    EXPECT_EQ(g.output(), "[a] ab\r\n");
}

TEST(Pl011, AmbaProbingFindsAnArmPl011) {
    Guest g;
    std::uint32_t peripheral = 0, cell = 0;
    for (unsigned i = 0; i < 4; ++i) {
        peripheral |= g.get(0xfe0 + 4 * i) << 8 * i;
        cell |= g.get(0xff0 + 4 * i) << 8 * i;
    }
    EXPECT_EQ(peripheral & 0x000fffffu, 0x00041011u) << "Linux, drivers/amba: id and mask of vendor_arm";
    EXPECT_EQ(cell, 0xb105f00du);
}

TEST(Pl011, KeepsWhatDriversConfigure) {
    Guest g;
    EXPECT_EQ(g.get(cr), 0x300u);
    g.set(ibrd, 0x12345);
    g.set(lcr_h, 0x70);
    g.set(cr, 0xffff'ffff);
    EXPECT_EQ(g.get(ibrd), 0x2345u);
    EXPECT_EQ(g.get(lcr_h), 0x70u);
    EXPECT_EQ(g.get(cr), 0xff87u);
    EXPECT_EQ(g.get(rsr), 0u);
}

TEST(Pl011, RegistersThatDoNotExistReadAsZeroAndIgnoreWrites) {
    Guest g;
    for (std::uint32_t offset = 0; offset < 0x1000; ++offset) {
        for (std::uint8_t size : {1, 2, 4, 8}) {
            if (offset == dr) continue;
            g.set(offset, ~0ull, size);
            (void)g.get(offset, size);
        }
    }
    EXPECT_EQ(g.get(0x50), 0u);
    EXPECT_EQ(g.get(0x01), 0u);
    EXPECT_EQ(g.get(fr, 8), 0u);
    EXPECT_EQ(g.output(), "");
}

TEST(Pl011, TransmitInterruptComesWithRoomAndFollowsTheMask) {
    Guest g;
    EXPECT_EQ(g.get(ris), 0u) << "as on hardware: only a write makes it";
    g.print("x");
    EXPECT_EQ(g.get(ris), tx);
    EXPECT_FALSE(g.irq.high);
    g.set(imsc, tx);
    EXPECT_TRUE(g.irq.high);
    EXPECT_EQ(g.get(mis), tx);
    g.set(icr, tx);
    EXPECT_FALSE(g.irq.high);
    g.print("y");
    EXPECT_TRUE(g.irq.high);
    g.set(imsc, 0);
    EXPECT_FALSE(g.irq.high);
}

TEST(Pl011, AFullConsoleShowsAsAFullFifoAndInterruptsWhenItEmpties) {
    Guest g;
    g.fill();
    g.set(imsc, tx);
    EXPECT_FALSE(g.irq.high);
    EXPECT_EQ(g.get(fr) & (txff | txfe), txff);
    g.uart.room = 100'000;
    (void)g.output();
    EXPECT_TRUE(g.irq.high);
    EXPECT_EQ(g.get(fr) & txff, 0u);
    EXPECT_EQ(g.a.lost(), 0u);
}

TEST(Pl011, AnInterruptDriverMayWriteHalfAFifoWithoutLooking) {
    Guest g;  // Linux, pl011_tx_chars(from_irq = true)
    g.fill();
    g.set(imsc, tx);
    for (int round = 0; round < 200; ++round) {
        g.uart.room = 40;
        g.console.on_uart_interrupt();
        if (!g.irq.high) continue;
        g.print("line 67\n");
    }
    EXPECT_EQ(g.a.lost(), 0u);
}

TEST(Pl011, KeysInterruptUntilTheyAreRead) {
    Guest g;
    g.set(imsc, rx | rt);
    g.console.focus(&g.a);
    g.type("hi");
    EXPECT_TRUE(g.irq.high);
    EXPECT_EQ(g.get(ris) & (rx | rt), rx | rt);
    EXPECT_EQ(g.get(fr) & rxfe, 0u);
    EXPECT_EQ(g.get(dr), 'h' + 0u);
    EXPECT_TRUE(g.irq.high);
    EXPECT_EQ(g.get(dr, 1), 'i' + 0u);
    EXPECT_FALSE(g.irq.high);
    EXPECT_EQ(g.get(fr) & rxfe, rxfe);
}

TEST(Pl011, ADriverThatReadsOneKeyAnInterruptLosesNone) {
    Guest g;
    g.set(imsc, rt);
    g.console.focus(&g.a);
    g.type("abc");
    std::string got;
    while (g.irq.high) {
        g.set(icr, rx | rt);
        got += static_cast<char>(g.get(dr));
    }
    EXPECT_EQ(got, "abc");
}

TEST(Pl011, ResetLowersTheLineAndKeepsNothing) {
    Guest g;
    g.set(imsc, tx);
    g.print("x");
    ASSERT_TRUE(g.irq.high);
    g.uart0.reset();
    EXPECT_FALSE(g.irq.high);
    EXPECT_EQ(g.get(imsc), 0u);
    EXPECT_EQ(g.get(cr), 0x300u);
}

}  // namespace
}  // namespace tiffin
