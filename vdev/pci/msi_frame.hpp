// What a guest sees at guest_map::msi_frame, if it has PCI functions whose messages something takes: a GICv2m frame (Arm, "Server Base System
// Architecture", appendix "GICv2m architecture"), on a GICv3 too. Functions never come here: the SMMU takes what they send to this
// address to the board's own frame or ITS.
//
//   008 MSI_TYPER      25:16 first SPI, 9:0 how many
//   040 MSI_SETSPI_NS  write: that SPI becomes pending
//   fcc MSI_IIDR       0
#pragma once
#include "core/vm/mmio.hpp"
#include "core/vm/vm.hpp"

namespace tiffin::vdev {

class MsiFrame final : public MmioDevice {
public:
    explicit MsiFrame(std::uint32_t first) : first_{first} {}

    std::uint64_t read(Vcpu& by, MmioOp op) override;
    void write(Vcpu& by, MmioOp op, std::uint64_t value) override;

private:
    std::uint32_t first_;
};

}  // namespace tiffin::vdev
