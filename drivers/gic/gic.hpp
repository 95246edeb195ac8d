// The physical interrupt controller's distributor and redistributor: everything off, then on, one by one, what EL2 or a VM needs.
// Sources: GICv2 (IHI 0048), GICv3 (IHI 0069), "Programmers' Model"; register names as there.
#pragma once
#include <cstdint>

#include "armv8/gic.hpp"
#include "base/mmio.hpp"
#include "base/result.hpp"
#include "plan/view.hpp"

namespace tiffin {

class Gic {
public:
    explicit Gic(abi::BoardRecord const& board) : board_{board}, distributor_{board.gicd} {}

    /// Which GIC the distributor says it is: 2, 3 or 4 (GICD_PIDR2.ArchRev).
    [[nodiscard]] unsigned architecture() const;
    /// Once: every SPI disabled, group 1, same priority, to core 0.
    void init_distributor();
    /// Each core: finds its redistributor, wakes it, disables its private interrupts. The RD_base frame; 0 on GICv2.
    Result<std::uint64_t> init_private(std::uint64_t affinity);

    /// Enables INTID `intid` (SPI, or private of this core: `redistributor` as init_private gave it).
    void enable(std::uint32_t intid, std::uint64_t redistributor);
    /// Of interrupts that wait together, `intid` comes after all others: it has a lower priority. (Among equals a GIC may take the lowest
    /// number first, IHI 0069, "Interrupt prioritization".)
    void put_last(std::uint32_t intid, std::uint64_t redistributor);
    /// How an SPI (INTID 32..1019) is triggered: edge, or level.
    void set_edge(std::uint32_t intid, bool edge);

private:
    [[nodiscard]] bool v3() const { return board_.gic_version == abi::GicVersion::V3; }
    [[nodiscard]] Mmio bank_of(std::uint32_t intid, std::uint64_t redistributor) const;
    void wait_for_write() const;

    abi::BoardRecord const& board_;
    Mmio distributor_;
};

}  // namespace tiffin
