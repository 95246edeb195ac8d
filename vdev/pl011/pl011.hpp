// What a guest sees at guest_map::pl011: an Arm PrimeCell UART (DDI 0183, "PrimeCell UART (PL011) Technical Reference Manual"),
// as on QEMU's `virt` board, which means: enabled from the start, r1p4 identification, FIFOs always on, no modem, no line errors,
// no DMA.
//
//   offset name      here
//   0x000  UARTDR    transmit: to the VM's console port; receive: its keys
//   0x004  UARTRSR   no errors: reads 0
//   0x018  UARTFR    TXFF when the console takes nothing more, RXFE when there is no key
//   0x020  UARTILPR, 0x024 UARTIBRD, 0x028 UARTFBRD, 0x02c UARTLCR_H, 0x030 UARTCR, 0x034 UARTIFLS, 0x048 UARTDMACR: kept, no effect
//   0x038  UARTIMSC  interrupt mask; 0x03c UARTRIS, 0x040 UARTMIS, 0x044 UARTICR: TX, RX and receive timeout
//   0xfe0..0xffc     identification
//
// In-memory speed: the baud rate is that of the machine. Interrupt line: guest_map::pl011_intid, level.
#pragma once
#include <cstdint>

#include "core/console/console.hpp"
#include "core/vm/mmio.hpp"

namespace tiffin {

class Pl011 final : public MmioDevice, public ConsoleClient {
public:
    /// Becomes the port's client. All three live as long as the VM's slot.
    Pl011(ConsolePort& port, IrqSink& irq) : port_{&port}, irq_{&irq} { port.set_client(this); }

    std::uint64_t read(Vcpu& by, MmioOp op) override;

    /// UARTDR first: of all a guest does here, it is the one that counts.
    void write(Vcpu&, MmioOp op, std::uint64_t value) override {
        if (op.offset == 0 && op.size <= 4) {
            transmit(static_cast<char>(value));
        } else {
            write_register(op, static_cast<std::uint32_t>(value));
        }
    }

    void console_changed() override;

    /// As after power-on. For a VM that restarts; its keys and unfinished line are the console's business.
    void reset() override;

private:
    struct Register {
        char const* name;
        std::uint32_t (Pl011::*read)();       // nullptr: write-only, reads as zero
        void (Pl011::*write)(std::uint32_t);  // nullptr: read-only, writes ignored
    };
    static constexpr std::uint32_t register_count = 0x4c / 4;
    static Register const registers[register_count];

    enum Interrupt : std::uint16_t { rx = 1u << 4, tx = 1u << 5, rx_timeout = 1u << 6 };  // DDI 0183, UARTRIS

    // The driver of the interrupt writes up to half a FIFO (8 bytes here: r1p4 has 16) without looking at TXFF.
    static constexpr std::size_t tx_trigger = 16;

    void transmit(char c) {
        port_->put(c);
        starved_ = port_->tx_room() < tx_trigger;
        raw_ = static_cast<std::uint16_t>(starved_ ? raw_ & ~tx : raw_ | tx);
        update();
    }

    void update() {
        bool const level = (raw_ & imsc_) != 0;
        if (level == level_) return;
        level_ = level;
        signal();
    }

    void signal();
    void write_register(MmioOp op, std::uint32_t value);
    std::uint32_t dr();
    std::uint32_t fr();
    std::uint32_t ilpr() { return ilpr_; }
    std::uint32_t ibrd() { return ibrd_; }
    std::uint32_t fbrd() { return fbrd_; }
    std::uint32_t lcr_h() { return lcr_h_; }
    std::uint32_t cr() { return cr_; }
    std::uint32_t ifls() { return ifls_; }
    std::uint32_t imsc() { return imsc_; }
    std::uint32_t ris() { return raw_; }
    std::uint32_t mis() { return raw_ & imsc_; }
    std::uint32_t dmacr() { return dmacr_; }
    void set_ilpr(std::uint32_t value) { ilpr_ = value & 0xff; }
    void set_ibrd(std::uint32_t value) { ibrd_ = value & 0xffff; }
    void set_fbrd(std::uint32_t value) { fbrd_ = value & 0x3f; }
    void set_lcr_h(std::uint32_t value) { lcr_h_ = value & 0xff; }
    void set_cr(std::uint32_t value) { cr_ = value & 0xff87; }  // bits 6:3 are reserved
    void set_ifls(std::uint32_t value) { ifls_ = value & 0x3f; }
    void set_imsc(std::uint32_t value);
    void set_icr(std::uint32_t value);
    void set_dmacr(std::uint32_t value) { dmacr_ = value & 0x7; }

    ConsolePort* port_;
    IrqSink* irq_;
    std::uint16_t raw_{0};
    std::uint16_t imsc_{0};
    bool level_{false};    // what irq_ was told
    bool starved_{false};  // the console had no room: the TX interrupt is due when it has
    std::uint16_t ibrd_{0}, cr_{0x300};
    std::uint8_t ilpr_{0}, fbrd_{0}, lcr_h_{0}, ifls_{0x12}, dmacr_{0};
};

}  // namespace tiffin
