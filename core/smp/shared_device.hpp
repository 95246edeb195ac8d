// What stands between a VM and its devices where several cores run, so that the devices themselves know nothing of it: a VM that
// lives on one core of a board that runs one core has neither.
#pragma once
#include "core/console/port.hpp"
#include "core/smp/guard.hpp"
#include "core/vm/mmio.hpp"

namespace tiffin {

/// A device of a VM that spans cores, or one that uses the console: one core at a time.
class SharedDevice final : public MmioDevice {
public:
    enum class Uses : bool { VmOnly, Console };

    SharedDevice() = default;
    SharedDevice(MmioDevice& device, Vm& vm, Uses uses) : device_{&device}, vm_{&vm}, uses_{uses} {}

    std::uint64_t read(Vcpu& by, MmioOp op) override {
        VmGuard const guard{*vm_};
        if (uses_ == Uses::VmOnly) return device_->read(by, op);
        ConsoleGuard const console;
        return device_->read(by, op);
    }
    void write(Vcpu& by, MmioOp op, std::uint64_t value) override {
        VmGuard const guard{*vm_};
        if (uses_ == Uses::VmOnly) return device_->write(by, op, value);
        ConsoleGuard const console;
        device_->write(by, op, value);
    }
    void reset() override {
        VmGuard const guard{*vm_};
        ConsoleGuard const console;
        device_->reset();
    }
    void quiesce() override { device_->quiesce(); }

private:
    MmioDevice* device_{nullptr};
    Vm* vm_{nullptr};
    Uses uses_{Uses::VmOnly};
};

/// The console's client for a VM's UART: the news go to the VM's own core. (The console's lock comes after the VM's.)
class ConsoleNews final : public ConsoleClient {
public:
    ConsoleNews() = default;
    explicit ConsoleNews(Vm& vm) : vm_{&vm} {}
    void console_changed() override { mail::post(*vm_->vcpus[0], Mail::console); }

private:
    Vm* vm_{nullptr};
};

}  // namespace tiffin
