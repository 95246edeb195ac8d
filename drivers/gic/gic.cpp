#include "drivers/gic/gic.hpp"

namespace tiffin {
namespace {

namespace gicd = armv8::gicd;
namespace gicr = armv8::gicr;

constexpr std::uint32_t priorities = 0xa0a0'a0a0;  // all alike: EL2 is not preempted
constexpr std::uint8_t last_priority = 0xc0;       // but for those that others need not wait for
constexpr unsigned patience = 1'000'000;

/// Disabled, not pending, not active, group 1, for 32 interrupts behind `bank` from `first` on.
void quieten(Mmio const& bank, std::uint32_t first) {
    auto const word = first / 8;
    bank.write(gicd::icenabler + word, ~0u);
    bank.write(gicd::icpendr + word, ~0u);
    bank.write(gicd::icactiver + word, ~0u);
    for (std::uint32_t i = 0; i < 32; i += 4) bank.write(gicd::ipriorityr + first + i, priorities);
}

}  // namespace

unsigned Gic::architecture() const {
    auto const offset = v3() ? gicd::pidr2_v3 : gicd::pidr2_v2;
    return gicd::Pidr2::ArchRev::get(distributor_.read(offset));
}

void Gic::wait_for_write() const {
    for (unsigned n = 0; v3() && n < patience && (distributor_.read(gicd::ctlr) & gicd::Ctlr::rwp) != 0; ++n) {
    }
}

void Gic::init_distributor() {
    distributor_.write(gicd::ctlr, 0);
    wait_for_write();
    auto const lines = 32 * ((distributor_.read(gicd::typer) & 0x1f) + 1);
    for (std::uint32_t first = 32; first < lines; first += 32) {
        quieten(distributor_, first);
        if (v3()) distributor_.write(gicd::igroupr + first / 8, ~0u);
        for (std::uint32_t i = 0; !v3() && i < 32; i += 4) distributor_.write(gicd::itargetsr + first + i, 0x0101'0101);
    }
    if (v3()) {
        distributor_.write(gicd::ctlr, gicd::Ctlr::are);
        wait_for_write();
        distributor_.write(gicd::ctlr, gicd::Ctlr::are | gicd::Ctlr::enable_group1);
    } else {
        distributor_.write(gicd::ctlr, gicd::Ctlr::enable_group0);
    }
    wait_for_write();
}

Result<std::uint64_t> Gic::init_private(std::uint64_t affinity) {
    if (!v3()) {
        quieten(distributor_, 0);
        return 0;
    }
    auto const wanted = (affinity & 0xff'ffff) | (affinity >> 8 & 0xff00'0000);  // GICR_TYPER packs Aff3 behind Aff2
    for (std::uint64_t at = board_.gicr; at + gicr::stride <= board_.gicr + board_.gicr_size; at += gicr::stride) {
        Mmio const frame{at};
        auto const low = frame.read(gicr::typer), high = frame.read(gicr::typer + 4);
        if (high == wanted) {
            frame.write(gicr::waker, frame.read(gicr::waker) & ~gicr::Waker::processor_sleep);
            for (unsigned n = 0; n < patience && (frame.read(gicr::waker) & gicr::Waker::children_asleep) != 0; ++n) {
            }
            Mmio const sgi{at + gicr::sgi_frame};
            quieten(sgi, 0);
            sgi.write(gicd::igroupr, ~0u);
            return at;
        }
        if ((low & gicr::Typer::last) != 0) break;
    }
    return Fail{Err::NoDevice};
}

/// Where its registers are.
Mmio Gic::bank_of(std::uint32_t intid, std::uint64_t redistributor) const {
    return intid < 32 && v3() ? Mmio{redistributor + gicr::sgi_frame} : distributor_;
}

void Gic::enable(std::uint32_t intid, std::uint64_t redistributor) {
    bank_of(intid, redistributor).write(gicd::isenabler + intid / 32 * 4, 1u << (intid % 32));
}

void Gic::put_last(std::uint32_t intid, std::uint64_t redistributor) {
    Mmio const bank = bank_of(intid, redistributor);
    auto const word = gicd::ipriorityr + intid / 4 * 4, shift = intid % 4 * 8;
    bank.write(word, (bank.read(word) & ~(0xffu << shift)) | std::uint32_t{last_priority} << shift);
}

void Gic::set_edge(std::uint32_t intid, bool edge) {
    auto const offset = gicd::icfgr + intid / 16 * 4;
    auto const m = 2u << (intid % 16 * 2);
    auto const value = distributor_.read(offset);
    distributor_.write(offset, edge ? value | m : value & ~m);
}

}  // namespace tiffin
