#include "vdev/pci/msi_frame.hpp"

namespace tiffin::vdev {

namespace {

constexpr std::uint32_t typer = 0x008, setspi = 0x040;
constexpr auto count = abi::guest_map::msi_count;

}  // namespace

std::uint64_t MsiFrame::read(Vcpu&, MmioOp op) { return op.offset == typer ? first_ << 16 | count : 0; }

void MsiFrame::write(Vcpu& by, MmioOp op, std::uint64_t value) {
    if (op.offset == setspi && value - first_ < count) vgic::raise(by, static_cast<std::uint32_t>(value));
}

}  // namespace tiffin::vdev
