#include "vdev/pl011/pl011.hpp"

#include "abi/guest_map.hpp"

namespace tiffin {

namespace {

constexpr std::uint32_t id_base = 0xfe0;

// UARTPeriphID0..3 and UARTPCellID0..3, one byte a word: part 0x011, designer 0x41 (Arm), revision 1. Linux takes a FIFO of 16
// from it.
constexpr std::uint8_t identification[] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

// UARTFR
constexpr std::uint32_t fr_rxfe = 1u << 4, fr_txff = 1u << 5, fr_rxff = 1u << 6, fr_txfe = 1u << 7;

/// One natural word, or a part of it from its start. Registers are 32 bits apart, and at most 16 bits wide.
constexpr bool at_register(MmioOp op) { return op.offset % 4 == 0 && op.size <= 4; }

constexpr std::uint32_t narrow(std::uint32_t value, MmioOp op) {
    return op.size == 4 ? value : value & ((1u << 8 * op.size) - 1);
}

}  // namespace

// Indexed by offset / 4; gaps are reserved.
constinit Pl011::Register const Pl011::registers[register_count] = {
    {"UARTDR", &Pl011::dr, nullptr},  // written in the header
    {"UARTRSR", nullptr, nullptr},
    {},
    {},
    {},
    {},
    {"UARTFR", &Pl011::fr, nullptr},
    {},
    {"UARTILPR", &Pl011::ilpr, &Pl011::set_ilpr},
    {"UARTIBRD", &Pl011::ibrd, &Pl011::set_ibrd},
    {"UARTFBRD", &Pl011::fbrd, &Pl011::set_fbrd},
    {"UARTLCR_H", &Pl011::lcr_h, &Pl011::set_lcr_h},
    {"UARTCR", &Pl011::cr, &Pl011::set_cr},
    {"UARTIFLS", &Pl011::ifls, &Pl011::set_ifls},
    {"UARTIMSC", &Pl011::imsc, &Pl011::set_imsc},
    {"UARTRIS", &Pl011::ris, nullptr},
    {"UARTMIS", &Pl011::mis, nullptr},
    {"UARTICR", nullptr, &Pl011::set_icr},
    {"UARTDMACR", &Pl011::dmacr, &Pl011::set_dmacr},
};

std::uint64_t Pl011::read(Vcpu&, MmioOp op) {
    if (!at_register(op)) return 0;
    if (op.offset >= id_base) {
        auto const index = (op.offset - id_base) / 4;
        return index < sizeof identification ? identification[index] : 0;
    }
    auto const index = op.offset / 4;
    if (index >= register_count || registers[index].read == nullptr) return 0;
    return narrow((this->*registers[index].read)(), op);
}

void Pl011::write_register(MmioOp op, std::uint32_t value) {
    auto const index = op.offset / 4;
    if (!at_register(op) || index >= register_count || registers[index].write == nullptr) return;
    (this->*registers[index].write)(value);
}

/// RX ends with the last key. While keys are left, the receive timeout comes (again), as it does after 32 bit times on hardware:
/// a driver that clears its interrupts and reads one byte a time loses nothing.
std::uint32_t Pl011::dr() {
    int const key = port_->get();
    if (port_->rx_empty()) {
        raw_ = static_cast<std::uint16_t>(raw_ & ~(rx | rx_timeout));
    } else {
        raw_ |= rx_timeout;
    }
    update();
    return key < 0 ? 0 : static_cast<std::uint32_t>(key);
}

/// BUSY (bit 3) never: what the console took is as good as sent, and drivers spin on this bit.
std::uint32_t Pl011::fr() {
    std::uint32_t flags = port_->tx_room() == ConsolePort::fifo_capacity ? fr_txfe : 0;
    if (port_->tx_full()) flags |= fr_txff;
    if (port_->rx_full()) flags |= fr_rxff;
    if (port_->rx_empty()) flags |= fr_rxfe;
    return flags;
}

void Pl011::set_imsc(std::uint32_t value) {
    imsc_ = value & 0x7ff;
    update();
}

void Pl011::set_icr(std::uint32_t value) {
    raw_ = static_cast<std::uint16_t>(raw_ & ~value);
    update();
}

void Pl011::console_changed() {
    if (!port_->rx_empty()) raw_ |= rx | rx_timeout;
    if (starved_ && port_->tx_room() >= tx_trigger) {
        starved_ = false;
        raw_ |= tx;
    }
    update();
}

void Pl011::signal() { irq_->set_line(abi::guest_map::pl011_intid, level_); }

void Pl011::reset() {
    raw_ = imsc_ = ibrd_ = 0;
    ilpr_ = fbrd_ = lcr_h_ = dmacr_ = 0;
    cr_ = 0x300;
    ifls_ = 0x12;
    update();
    console_changed();
}

}  // namespace tiffin
