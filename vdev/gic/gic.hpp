// The interrupt controller that a guest sees: GICv3 (distributor and redistributors; its CPU interface is the hardware's virtual
// one) or GICv2 (distributor; the hardware's GICV page is mapped where a guest looks for the CPU interface), as the hardware has
// it.
//
//   offset        both frames (GICv3: SGI frame of a redistributor for INTIDs 0..31, distributor for the rest; GICv2: all here)
//   080..0ff      IGROUPR     bit an interrupt          300..37f ISACTIVER, 380..3ff ICACTIVER
//   100..17f      ISENABLER   (180..1ff: ICENABLER)     400..7ff IPRIORITYR  byte an interrupt, five bits kept
//   200..27f      ISPENDR     (280..2ff: ICPENDR)       800..bff ITARGETSR   (GICv2) bit a vCPU
//   c00..cff      ICFGR       two bits an interrupt     f00..f2f SGIR, CPENDSGIR, SPENDSGIR (GICv2)
//   6000..7fff    IROUTER     (GICv3) affinity of each SPI
#pragma once
#include "core/vm/mmio.hpp"
#include "core/vm/vm.hpp"

namespace tiffin::vdev {

inline constexpr std::uint32_t gicr_ctlr_rwp = 1u << 3;  // GICv3 (IHI 0069), "GICR_CTLR"

/// Registers that exist once for each 32, 16 or 4 interrupts. `first` is the INTID of the access's first interrupt.
/// Shared by the distributor and the redistributors' SGI frames. 32-bit accesses; bytes too for priorities and targets.
class GicBanks {
public:
    /// False: not one of these registers.
    static bool read(Vcpu& v, MmioOp op, std::uint64_t& value);
    static bool write(Vcpu& v, MmioOp op, std::uint32_t value);
};

class Distributor final : public MmioDevice {
public:
    std::uint64_t read(Vcpu& by, MmioOp op) override;
    void write(Vcpu& by, MmioOp op, std::uint64_t value) override;
};

/// One RD_base and one SGI frame for each vCPU, side by side.
class Redistributors final : public MmioDevice {
public:
    std::uint64_t read(Vcpu& by, MmioOp op) override;
    void write(Vcpu& by, MmioOp op, std::uint64_t value) override;
    void reset() override;

private:
    static bool is_private(MmioOp op);

    std::uint8_t asleep_{0xff};  // GICR_WAKER.ProcessorSleep of each vCPU, as last written
};

}  // namespace tiffin::vdev
