// What a guest sees at guest_map::pci_ecam, if it has PCI functions: bus 0 of a generic host bridge (Linux, "host-generic-pci.yaml"), with
// its own functions at the numbers that they have on the board, and nobody else. What of a function's configuration space can be read and
// written is in core/pci/function.hpp.
#pragma once
#include <span>

#include "core/pci/dma_fence.hpp"
#include "core/pci/function.hpp"
#include "core/vm/mmio.hpp"
#include "core/vm/vm.hpp"

namespace tiffin::vdev {

class Ecam final : public MmioDevice {
public:
    /// `fence` is nullptr where nothing confines DMA, and the description accepts it.
    Ecam(Vm& vm, std::span<pci::Function> functions, pci::DmaFence* fence) : vm_{vm}, functions_{functions}, fence_{fence} {}

    std::uint64_t read(Vcpu& by, MmioOp op) override;
    void write(Vcpu& by, MmioOp op, std::uint64_t value) override;
    void reset() override;
    void quiesce() override;

private:
    [[nodiscard]] pci::Function* at(MmioOp op) const;

    Vm& vm_;
    std::span<pci::Function> functions_;
    pci::DmaFence* fence_;
};

}  // namespace tiffin::vdev
