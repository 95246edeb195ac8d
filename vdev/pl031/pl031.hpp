// What a guest sees at guest_map::pl031: an Arm PrimeCell RTC (DDI 0224, "PrimeCell Real Time Clock (PL031) Technical Reference
// Manual").
//
//   0x000 RTCDR    seconds since 1970, read only        0x010 RTCIMSC  mask of the alarm
//   0x004 RTCMR    alarm: match value                   0x014 RTCRIS, 0x018 RTCMIS  alarm, raw and masked
//   0x008 RTCLR    sets the clock (of this VM alone)    0x01c RTCICR   clears the alarm
//   0x00c RTCCR    always running: reads 1              0xfe0..0xffc   identification
//
// The alarm is seen when RTCRIS is read. Its interrupt line is never raised: nothing here keeps a timer, and a
// third timer of each VM would be a term of the contract (docs/contract.md, L).
#pragma once
#include <cstdint>

#include "core/vm/mmio.hpp"

namespace tiffin {

class Pl031 final : public MmioDevice {
public:
    /// Seconds since 1970 by the board's clock; never goes back.
    using Clock = std::uint64_t (*)();

    constexpr explicit Pl031(Clock clock) : clock_{clock} {}

    std::uint64_t read(Vcpu& by, MmioOp op) override;
    void write(Vcpu& by, MmioOp op, std::uint64_t value) override;

    /// As after power-on: the board's time, no alarm.
    void reset() override { *this = Pl031{clock_}; }

private:
    [[nodiscard]] std::uint32_t now() const { return static_cast<std::uint32_t>(clock_()) + offset_; }
    void look_at_alarm();

    Clock clock_;
    std::uint32_t offset_{0};  // what the guest set its clock ahead of the board's, modulo 2^32
    std::uint32_t match_{0}, load_{0};
    bool armed_{false};  // the match lies ahead
    bool raw_{false}, mask_{false};
};

}  // namespace tiffin
