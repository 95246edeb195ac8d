#include "vdev/manager/manager.hpp"

#include <cstring>

#include "abi/hypercalls.hpp"
#include "core/arch.hpp"
#include "core/hypercall/manage.hpp"
#include "core/vm/vm.hpp"

namespace tiffin::vdev {

namespace manage = abi::manage;

std::uint32_t Manager::fact(std::uint32_t offset) const {
    Vm const* const managed = hypercall::managed(*vm_, selected_);
    if (managed == nullptr) return offset == manage::State ? ~0u : 0;
    if (offset >= manage::Name && offset < manage::Name + abi::max_name + 1) {
        char text[abi::max_name + 1]{};
        std::memcpy(text, managed->name.data(), managed->name.size());
        std::uint32_t word = 0;
        std::memcpy(&word, text + (offset - manage::Name), sizeof word);
        return word;
    }
    auto const ticks = hypercall::run_ticks(*managed);
    switch (offset) {
        case manage::State: return static_cast<std::uint32_t>(managed->state);
        case manage::Status: return managed->status;
        case manage::Starts: return static_cast<std::uint32_t>(managed->resets);
        case manage::Faults: return static_cast<std::uint32_t>(managed->faults);
        case manage::RunTicks: return static_cast<std::uint32_t>(ticks);
        case manage::RunTicks + 4: return static_cast<std::uint32_t>(ticks >> 32);
        default: return 0;
    }
}

std::uint64_t Manager::read(Vcpu&, MmioOp op) {
    if (op.size != 4) return 0;
    switch (op.offset) {
        case manage::Magic: return manage::magic;
        case manage::Count: return vm_->record->manages.count;
        case manage::Select: return selected_;
        case manage::Act: return result_;
        case manage::Frequency: return static_cast<std::uint32_t>(arch::frequency());
        case manage::Frequency + 4: return arch::frequency() >> 32;
        default: return fact(op.offset);
    }
}

void Manager::write(Vcpu&, MmioOp op, std::uint64_t value) {
    if (op.size != 4) return;
    if (op.offset == manage::Select) selected_ = static_cast<std::uint32_t>(value);
    if (op.offset == manage::Act) result_ = static_cast<std::uint32_t>(hypercall::manage(*vm_, selected_, value));
}

}  // namespace tiffin::vdev
