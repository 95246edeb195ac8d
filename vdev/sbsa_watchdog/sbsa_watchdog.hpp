// What a guest sees at guest_map::watchdog: the generic watchdog of Arm's Base System Architecture (DEN 0094, "Watchdog"; DEN 0029, "Generic
// Watchdog"), which Linux drives with sbsa_gwdt. Two frames of 64 KiB:
//
//   refresh frame  0x0'0000  WRR     any write refreshes
//   control frame  0x1'0000  WCS     bit 0 enable, bit 1 WS0, bit 2 WS1 (read-only); a write refreshes
//                  0x1'0008  WOR     offset in ticks of the VM's counter, 48 bits (high half at 0x1'000c); a write refreshes
//                  0x1'0010  WCV     compare value, 64 bits, in the VM's virtual time; writable
//   both           0x.'0fcc  W_IIDR  architecture version 1, implementer Arm
//
// When the counter passes WCV for the first time, WS0: the interrupt guest_map::watchdog_intid, level. For the second, WS1: the VM has crashed,
// and what its description says under `on-crash` happens. While the VM is paused its time stands still.
#pragma once
#include <cstdint>

#include "core/vm/mmio.hpp"
#include "core/vm/vm.hpp"
#include "core/vm/watchdog.hpp"

namespace tiffin::vdev {

class SbsaWatchdog final : public MmioDevice, public Watchdog {
public:
    /// `vm` outlives it.
    explicit SbsaWatchdog(Vm& vm) : vm_{&vm} {}

    std::uint64_t read(Vcpu& by, MmioOp op) override;
    void write(Vcpu& by, MmioOp op, std::uint64_t value) override;
    void reset() override;

    void arm() override;
    bool expire() override;

private:
    [[nodiscard]] std::uint64_t now() const;
    void refresh();
    void write_control(std::uint32_t offset, std::uint32_t value);
    void changed();

    Vm* vm_;
    std::uint64_t offset_{0}, compare_{0};
    bool enabled_{false}, first_signal_{false}, second_signal_{false};
    Timer timer_{};
};

}  // namespace tiffin::vdev
