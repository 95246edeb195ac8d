#include "vdev/pl031/pl031.hpp"

namespace tiffin {

namespace {

enum Offset : std::uint32_t {
    dr = 0x00,
    mr = 0x04,
    lr = 0x08,
    cr = 0x0c,
    imsc = 0x10,
    ris = 0x14,
    mis = 0x18,
    icr = 0x1c,
    id = 0xfe0
};

// RTCPeriphID0..3 and RTCPCellID0..3, one byte a word: part 0x031, designer 0x41 (Arm), revision 0.
constexpr std::uint8_t identification[] = {0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

/// Every register is a 32-bit word, but drivers may read identification bytes as such.
constexpr bool at_register(MmioOp op) { return op.offset % 4 == 0 && op.size <= 4; }
constexpr std::uint32_t narrow(std::uint32_t value, MmioOp op) {
    return op.size == 4 ? value : value & ((1u << 8 * op.size) - 1);
}

}  // namespace

std::uint64_t Pl031::read(Vcpu&, MmioOp op) {
    if (!at_register(op)) return 0;
    look_at_alarm();
    switch (op.offset) {
        case dr: return narrow(now(), op);
        case mr: return narrow(match_, op);
        case lr: return narrow(load_, op);
        case cr: return 1;
        case imsc: return mask_;
        case ris: return raw_;
        case mis: return raw_ && mask_;
        default: break;
    }
    return op.offset >= id && op.offset < id + 4 * sizeof identification ? identification[(op.offset - id) / 4] : 0;
}

void Pl031::write(Vcpu&, MmioOp op, std::uint64_t value) {
    if (!at_register(op)) return;
    look_at_alarm();
    auto const word = static_cast<std::uint32_t>(value);
    switch (op.offset) {
        case mr:
            match_ = word;
            armed_ = true;
            break;
        case lr:
            load_ = word;
            offset_ = word - static_cast<std::uint32_t>(clock_());
            break;
        case imsc: mask_ = word & 1; break;
        case icr: raw_ = raw_ && !(word & 1); break;
        default: return;
    }
    look_at_alarm();
}

/// The alarm fires in the second in which the clock reaches the match. We may look later than that: a match in the past half of
/// the 32-bit circle counts as reached.
void Pl031::look_at_alarm() {
    if (!armed_ || static_cast<std::int32_t>(now() - match_) < 0) return;
    armed_ = false;
    raw_ = true;
}

}  // namespace tiffin
