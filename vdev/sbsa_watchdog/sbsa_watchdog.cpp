#include "vdev/sbsa_watchdog/sbsa_watchdog.hpp"

#include "abi/guest_map.hpp"
#include "core/arch.hpp"
#include "core/cpu.hpp"
#include "core/lifecycle/wish.hpp"

namespace tiffin::vdev {
namespace {

constexpr std::uint32_t frame = 0x1'0000, control = frame;
constexpr std::uint32_t wrr = 0x000, wcs = 0x000, wor_low = 0x008, wor_high = 0x00c, wcv_low = 0x010, wcv_high = 0x014,
                        iidr = 0xfcc;
constexpr std::uint32_t identification = 1u << 16 | 0x43b;  // architecture version 1; Arm's JEP106 code
constexpr std::uint64_t offset_mask = (1ull << 48) - 1;

constexpr std::uint64_t with_half(std::uint64_t value, bool high, std::uint32_t half) {
    return high ? (value & 0xffff'ffff) | std::uint64_t{half} << 32 : (value & ~0xffff'ffffull) | half;
}

}  // namespace

/// The VM's virtual time.
std::uint64_t SbsaWatchdog::now() const { return arch::now() - vm_->cntvoff; }

void SbsaWatchdog::refresh() {
    compare_ = now() + offset_;
    first_signal_ = second_signal_ = false;
}

/// The timer is the business of the first vCPU's core.
void SbsaWatchdog::changed() {
    vm_->set_line(abi::guest_map::watchdog_intid, enabled_ && first_signal_);
    lifecycle::ask(*vm_, lifecycle::Wish::watch);
}

std::uint64_t SbsaWatchdog::read(Vcpu&, MmioOp op) {
    if (op.size == 8) {
        auto const low = read(*vm_->vcpus[0], {.offset = op.offset, .size = 4});
        return low | read(*vm_->vcpus[0], {.offset = op.offset + 4, .size = 4}) << 32;
    }
    if (op.size != 4) return 0;
    if (op.offset % frame == iidr) return identification;
    switch (op.offset) {
        case control + wcs: return (enabled_ ? 1u : 0u) | (first_signal_ ? 2u : 0u) | (second_signal_ ? 4u : 0u);
        case control + wor_low: return static_cast<std::uint32_t>(offset_);
        case control + wor_high: return static_cast<std::uint32_t>(offset_ >> 32);
        case control + wcv_low: return static_cast<std::uint32_t>(compare_);
        case control + wcv_high: return static_cast<std::uint32_t>(compare_ >> 32);
        default: return 0;
    }
}

void SbsaWatchdog::write(Vcpu& by, MmioOp op, std::uint64_t value) {
    if (op.size == 8) {
        write(by, {.offset = op.offset, .size = 4}, value & 0xffff'ffff);
        return write(by, {.offset = op.offset + 4, .size = 4}, value >> 32);
    }
    if (op.size != 4) return;
    if (op.offset == wrr) {
        bool const signalled = first_signal_;
        refresh();
        if (!signalled) return;  // the timer is set anew when it comes: refreshing costs no other core anything
    } else if (op.offset >= control) {
        write_control(op.offset - control, static_cast<std::uint32_t>(value));
    } else {
        return;
    }
    changed();
}

void SbsaWatchdog::write_control(std::uint32_t offset, std::uint32_t value) {
    switch (offset) {
        case wcs: enabled_ = (value & 1) != 0; return refresh();
        case wor_low:
        case wor_high: offset_ = with_half(offset_, offset == wor_high, value) & offset_mask; return refresh();
        case wcv_low:
        case wcv_high: compare_ = with_half(compare_, offset == wcv_high, value); return;
        default: return;
    }
}

void SbsaWatchdog::reset() {
    enabled_ = first_signal_ = second_signal_ = false;
    offset_ = compare_ = 0;
    arm();
}

void SbsaWatchdog::arm() {
    Cpu& cpu = *vm_->vcpus[0]->cpu;
    cpu.timers.cancel(timer_);
    if (!enabled_ || second_signal_ || vm_->state == VmState::Paused) return;
    timer_.owner = vm_->vcpus[0];
    timer_.kind = Timer::Kind::Watchdog;
    cpu.timers.arm(timer_, compare_ > TimerQueue::never - 1 - vm_->cntvoff ? TimerQueue::never - 1 : compare_ + vm_->cntvoff);
    sched::program_timer(cpu);
}

bool SbsaWatchdog::expire() {
    if (!enabled_ || vm_->state != VmState::Running || now() < compare_) return arm(), false;
    if (first_signal_) return second_signal_ = true;
    first_signal_ = true;
    compare_ = now() + offset_;
    vm_->set_line(abi::guest_map::watchdog_intid, true);
    arm();
    return false;
}

}  // namespace tiffin::vdev
