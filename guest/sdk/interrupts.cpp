#include "guest/sdk/interrupts.hpp"

#include "abi/guest_map.hpp"
#include "guest/sdk/console.hpp"
#include "guest/sdk/cpu.hpp"
#include "guest/sdk/device_tree.hpp"
#include "guest/sdk/gic.hpp"
#include "guest/sdk/startup.hpp"

namespace tiffin::sdk {

namespace {

using namespace gic;

struct Entry {
    std::uint32_t intid;
    interrupts::Handler handler;  // nullptr: a free place
    void* context;
};

constinit Entry table[interrupts::max_handlers]{};
constinit Place place{};

/// Aff3..Aff0 of this vCPU, as GICR_TYPER[63:32] holds them.
std::uint32_t own_affinity() {
    auto const mpidr = TIFFIN_READ(mpidr_el1);
    return static_cast<std::uint32_t>((mpidr >> 32 & 0xff) << 24 | (mpidr & 0xff'ffff));
}

/// This vCPU's frame among the redistributors at `first`. Bounded: an 8-vCPU VM has 8.
std::uint64_t own_redistributor(std::uint64_t first) {
    for (unsigned i = 0; i < 8; ++i) {
        auto const typer = mmio_read<std::uint64_t>(first + i * gicr_stride + gicr_typer);
        if (typer >> 32 == own_affinity()) return first + i * gicr_stride;
        if ((typer >> 4 & 1) != 0) break;  // GICR_TYPER.Last
    }
    return first;
}

Place find(DeviceTree const& tree) {
    if (auto const d = tree.find_reg("arm,gic-v3")) return {3, d->base, own_redistributor(tree.find_reg("arm,gic-v3", 1)->base)};
    for (auto const* name : {"arm,cortex-a15-gic", "arm,gic-400"})
        if (auto const d = tree.find_reg(name)) return {2, d->base, tree.find_reg(name, 1)->base};
    namespace map = abi::guest_map;
    bool const has_system_registers = (TIFFIN_READ(id_aa64pfr0_el1) >> 24 & 0xf) != 0;
    if (has_system_registers) return {3, map::gicd, own_redistributor(map::gicr)};
    return {2, map::gicd, map::gicc};
}

/// The block that holds the enable, group and priority registers of `intid`: private ones of a GICv3 live in the redistributor.
std::uint64_t block_of(std::uint32_t intid) {
    return place.version == 3 && intid < first_spi ? place.other + gicr_sgi_base : place.distributor;
}

void start_v3() {
    TIFFIN_WRITE(S3_0_C12_C12_5, TIFFIN_READ(S3_0_C12_C12_5) | 1);  // ICC_SRE_EL1.SRE
    auto const waker = place.other + gicr_waker;
    mmio_write<std::uint32_t>(waker, mmio_read<std::uint32_t>(waker) & ~2u);            // ProcessorSleep
    for (unsigned i = 0; i < 1000 && (mmio_read<std::uint32_t>(waker) & 4) != 0;) ++i;  // ChildrenAsleep
    mmio_write<std::uint32_t>(place.other + gicr_sgi_base + gicd_igroupr, ~0u);         // all private interrupts in group 1
    mmio_write<std::uint32_t>(place.distributor + gicd_ctlr, 0x12);                     // ARE_NS, EnableGrp1
    TIFFIN_WRITE(S3_0_C4_C6_0, 0xff);                                                   // ICC_PMR_EL1: let every priority through
    TIFFIN_WRITE(S3_0_C12_C12_4, 0);  // ICC_CTLR_EL1: EOI drops priority and deactivates
    TIFFIN_WRITE(S3_0_C12_C12_7, 1);  // ICC_IGRPEN1_EL1
}

void start_v2() {
    mmio_write<std::uint32_t>(place.distributor + gicd_ctlr, 1);
    mmio_write<std::uint32_t>(place.other + gicc_pmr, 0xff);
    mmio_write<std::uint32_t>(place.other + gicc_ctlr, 1);
}

/// Sends a shared interrupt to this vCPU.
void route_here(std::uint32_t intid) {
    if (place.version == 3) {
        auto const mpidr = TIFFIN_READ(mpidr_el1);
        mmio_write<std::uint32_t>(place.distributor + gicd_igroupr + intid / 32 * 4, ~0u);
        mmio_write<std::uint64_t>(place.distributor + gicd_irouter + intid * 8, mpidr & 0xff'00ff'ffff);
    } else {
        auto const own_bit = mmio_read<std::uint8_t>(place.distributor + gicd_itargetsr);  // of SGI 0: the reader's own
        mmio_write<std::uint8_t>(place.distributor + gicd_itargetsr + intid, own_bit);
    }
}

Entry* find_entry(std::uint32_t intid) {
    for (auto& e : table)
        if (e.handler != nullptr && e.intid == intid) return &e;
    return nullptr;
}

Entry* free_entry() {
    for (auto& e : table)
        if (e.handler == nullptr) return &e;
    return nullptr;
}

std::uint32_t acknowledge() {
    if (place.version == 3) return static_cast<std::uint32_t>(TIFFIN_READ(S3_0_C12_C12_0));  // ICC_IAR1_EL1
    return mmio_read<std::uint32_t>(place.other + gicc_iar);
}

void end(std::uint32_t acknowledged) {
    if (place.version == 3)
        TIFFIN_WRITE(S3_0_C12_C12_1, acknowledged);  // ICC_EOIR1_EL1
    else
        mmio_write<std::uint32_t>(place.other + gicc_eoir, acknowledged);
}

}  // namespace

void start_interrupts(DeviceTree const& tree) {
    place = find(tree);
    if (place.version == 3)
        start_v3();
    else
        start_v2();
}

namespace interrupts {

bool enable(std::uint32_t intid, std::uint8_t priority, Handler handler, void* context) {
    InterruptsMasked const masked;
    auto* const entry = find_entry(intid) != nullptr ? find_entry(intid) : free_entry();
    if (intid >= abi::guest_map::intid_count || handler == nullptr || entry == nullptr) return false;
    *entry = {intid, handler, context};
    if (intid >= first_spi) route_here(intid);
    mmio_write<std::uint8_t>(block_of(intid) + gicd_ipriorityr + intid, priority);
    mmio_write<std::uint32_t>(block_of(intid) + gicd_isenabler + intid / 32 * 4, 1u << intid % 32);
    return true;
}

void set_edge(std::uint32_t intid) {
    InterruptsMasked const masked;
    auto const at = place.distributor + gicd_icfgr + intid / 16 * 4;
    mmio_write<std::uint32_t>(at, mmio_read<std::uint32_t>(at) | 2u << intid % 16 * 2);
}

void disable(std::uint32_t intid) {
    InterruptsMasked const masked;
    if (intid >= abi::guest_map::intid_count) return;
    mmio_write<std::uint32_t>(block_of(intid) + gicd_icenabler + intid / 32 * 4, 1u << intid % 32);
    if (auto* const entry = find_entry(intid)) entry->handler = nullptr;
}

void send_sgi(std::uint32_t intid) {
    if (place.version == 2) return mmio_write<std::uint32_t>(place.distributor + gicd_sgir, 2u << 24 | (intid & 15));
    std::uint64_t const mpidr = TIFFIN_READ(mpidr_el1);
    auto const target =
        (mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 | (mpidr >> 8 & 0xff) << 16 | 1ull << (mpidr & 0xf);
    TIFFIN_WRITE(S3_0_C12_C11_5, target | std::uint64_t{intid & 15} << 24);  // ICC_SGI1R_EL1
}

unsigned gic_version() { return place.version; }
std::uint64_t distributor() { return place.distributor; }

}  // namespace interrupts
}  // namespace tiffin::sdk

/// Called by vectors.S for every IRQ exception.
extern "C" void tiffin_guest_interrupt() {
    using namespace tiffin::sdk;
    auto const acknowledged = acknowledge();
    auto const intid = acknowledged & 0x3ff;  // GICv2 adds the sender of an SGI above: EOIR wants it back
    if (intid >= gic::first_special) return;  // spurious: withdrawn before it was acknowledged
    if (auto const* entry = find_entry(intid)) entry->handler(intid, entry->context);
    end(acknowledged);
}
