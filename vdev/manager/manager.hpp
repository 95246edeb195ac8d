// What a VM that manages others sees at guest_map::manager: the registers of abi/manage.hpp, for programs that cannot make hypercalls (user
// space of Linux reaches them through /dev/mem). Without a driver and without an interrupt.
#pragma once
#include <cstdint>

#include "core/vm/mmio.hpp"

namespace tiffin {
struct Vm;
}

namespace tiffin::vdev {

class Manager final : public MmioDevice {
public:
    /// `vm` is whose page it is; it outlives the page.
    explicit Manager(Vm const& vm) : vm_{&vm} {}

    std::uint64_t read(Vcpu& by, MmioOp op) override;
    void write(Vcpu& by, MmioOp op, std::uint64_t value) override;
    void reset() override { selected_ = result_ = 0; }

private:
    [[nodiscard]] std::uint32_t fact(std::uint32_t offset) const;

    Vm const* vm_;
    std::uint32_t selected_{0}, result_{0};
};

}  // namespace tiffin::vdev
