#include "vdev/pci/ecam.hpp"

#include "core/smp/guard.hpp"

namespace tiffin::vdev {

namespace {

std::uint32_t word_of(MmioOp op) { return op.offset % pci::ecam_stride & ~3u; }
std::uint32_t shift_of(MmioOp op) { return 8 * (op.offset & 3); }
std::uint32_t mask_of(MmioOp op) { return static_cast<std::uint32_t>(bit(8 * op.size) - 1) << shift_of(op); }

}  // namespace

pci::Function* Ecam::at(MmioOp op) const {
    for (auto& function : functions_)
        if (op.size <= 4 && function.record->function == op.offset / pci::ecam_stride) return &function;
    return nullptr;
}

std::uint64_t Ecam::read(Vcpu&, MmioOp op) {
    VmGuard const guard{vm_};
    auto const* const function = at(op);
    if (function == nullptr) return ~0ull >> (64 - 8 * op.size);  // nobody answers: all ones
    return (function->read(word_of(op)) & mask_of(op)) >> shift_of(op);
}

void Ecam::write(Vcpu&, MmioOp op, std::uint64_t value) {
    VmGuard const guard{vm_};
    auto* const function = at(op);
    if (function == nullptr) return;
    auto const reg = word_of(op);
    auto const merged = (function->read(reg) & ~mask_of(op)) | (static_cast<std::uint32_t>(value) << shift_of(op) & mask_of(op));
    function->write(reg, merged);
}

/// After the last of its vCPUs has left, and before its memory is anything else's.
void Ecam::quiesce() {
    VmGuard const guard{vm_};
    for (auto& function : functions_) {
        function.quiesce();
        if (fence_ != nullptr) fence_->close(function.record->function);
    }
}

void Ecam::reset() {
    VmGuard const guard{vm_};
    for (auto& function : functions_)
        if (fence_ != nullptr) fence_->open(function.record->function);
}

}  // namespace tiffin::vdev
