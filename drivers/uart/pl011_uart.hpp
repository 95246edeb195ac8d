// The board's own UART, driven by the hypervisor: Arm PL011 (DDI 0183, "Programmer's model").
#pragma once
#include <cstdint>

#include "core/console/console.hpp"

namespace tiffin {

/// `Bus` has read(offset) and write(offset, value), 32 bits each: base/mmio.hpp's Mmio, or a test's fake.
template <class Bus>
class Pl011Uart final : public UartPort {
public:
    constexpr explicit Pl011Uart(Bus bus) : bus_{bus} {}

    /// Takes over from a loader that may have left it enabled, with bytes still going out and interrupts on. The baud rate stays
    /// as the loader set it: we do not know the UART's clock. Bounded even if the UART is dead.
    void init() {
        bus_.write(imsc, 0);
        for (unsigned n = 0; n < patience && (bus_.read(fr) & fr_busy); ++n) {
        }
        // DDI 0183, "Control Register, UARTCR": disable, let the character end, flush the FIFO (FEN), reprogram, enable.
        auto const kept = bus_.read(cr) & ~(cr_loopback | cr_enable);
        bus_.write(cr, kept);
        bus_.write(lcr_h, 0);
        bus_.write(icr, all_interrupts);
        bus_.write(ifls, ifls_one_eighth);
        bus_.write(dmacr, 0);
        bus_.write(lcr_h, lcr_h_8n1_fifo);
        bus_.write(cr, kept | cr_enable | cr_transmit | cr_receive);
        mask_ = int_rx | int_rx_timeout;
        bus_.write(imsc, mask_);
    }

    std::size_t put(std::string_view bytes) override {
        std::size_t sent = 0;
        for (; sent < bytes.size() && !(bus_.read(fr) & fr_txff); ++sent) bus_.write(dr, static_cast<std::uint8_t>(bytes[sent]));
        return sent;
    }

    /// A byte with a framing, parity or break error is not a key, and is skipped.
    int try_get() override {
        for (unsigned n = 0; n < fifo_size && !(bus_.read(fr) & fr_rxfe); ++n) {
            auto const data = bus_.read(dr);
            if (!(data & dr_bad)) return static_cast<int>(data & 0xff);
        }
        return -1;
    }

    void want_tx_interrupt(bool wanted) override {
        mask_ = wanted ? mask_ | int_tx : mask_ & ~int_tx;
        bus_.write(imsc, mask_);
    }

    /// RX and receive timeout are left alone: reading the FIFO ends them, and clearing RX while bytes remain could lose the next
    /// one.
    void acknowledge() override { bus_.write(icr, all_interrupts & ~(int_rx | int_rx_timeout)); }

    /// For a panic before the console exists: waits for room, but not for ever.
    void put_polled(char c) {
        for (unsigned n = 0; n < patience && put({&c, 1}) == 0; ++n) {
        }
    }

private:
    enum Offset : std::uint32_t {
        dr = 0x00,
        fr = 0x18,
        lcr_h = 0x2c,
        cr = 0x30,
        ifls = 0x34,
        imsc = 0x38,
        icr = 0x44,
        dmacr = 0x48
    };
    static constexpr std::uint32_t fr_busy = 1u << 3, fr_rxfe = 1u << 4, fr_txff = 1u << 5;
    static constexpr std::uint32_t cr_enable = 1u << 0, cr_loopback = 1u << 7, cr_transmit = 1u << 8, cr_receive = 1u << 9;
    static constexpr std::uint32_t int_rx = 1u << 4, int_tx = 1u << 5, int_rx_timeout = 1u << 6, all_interrupts = 0x7ff;
    static constexpr std::uint32_t dr_bad = 0x7u << 8;  // framing, parity, break; overrun (bit 11) spares the byte
    static constexpr std::uint32_t lcr_h_8n1_fifo = 0x70;
    // Interrupt when the transmit FIFO falls to 1/8, so that every message of ours (8 bytes and more) crosses the mark; receive
    // at 1/8.
    static constexpr std::uint32_t ifls_one_eighth = 0;
    static constexpr unsigned fifo_size = 32;
    static constexpr unsigned patience = 1'000'000;

    Bus bus_;
    std::uint32_t mask_{0};
};

}  // namespace tiffin
