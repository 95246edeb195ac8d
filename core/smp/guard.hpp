// The locks, held for a scope. Where nothing is shared, a guard is one test.
#pragma once
#include "abi/trace.hpp"
#include "core/cpu.hpp"
#include "core/vm/vm.hpp"

namespace tiffin {

/// Holds a lock, or none, for a scope. With a trace, each core notes how long it holds which at most, and how often one path takes it.
class Guard {
public:
    ~Guard() {
        if (lock_ != nullptr) [[unlikely]]
            leave();
    }
    Guard(Guard const&) = delete;
    Guard& operator=(Guard const&) = delete;

protected:
    Guard(CoreLock* lock, abi::TraceLock which) : lock_{lock}, which_{which} {
        if (lock_ != nullptr) [[unlikely]]
            take();
    }

private:
    void take();
    void leave();

    CoreLock* lock_;
    abi::TraceLock which_;
};

/// What the cores of one VM share. Nothing happens for a VM that lives on one core.
class VmGuard : public Guard {
public:
    explicit VmGuard(Vm& vm) : Guard{vm.shared ? &vm.cross->lock : nullptr, abi::TraceLock::Vm} {}
};

/// The console and everything behind it. Nothing happens while one core runs.
class ConsoleGuard : public Guard {
public:
    ConsoleGuard() : Guard{machine.several ? &machine.console_lock : nullptr, abi::TraceLock::Console} {}
};

/// The virtio devices of all VMs. Nothing happens while one core runs.
class VirtioGuard : public Guard {
public:
    VirtioGuard() : Guard{machine.several ? &machine.virtio_lock : nullptr, abi::TraceLock::Virtio} {}
};

/// The lending of VMIDs. Nothing happens while one core runs.
class VmidGuard : public Guard {
public:
    VmidGuard() : Guard{machine.several ? &machine.vmid_lock : nullptr, abi::TraceLock::Vmid} {}
};

/// A driver's own lock, one of the last of the order. Not in the trace. Nothing happens while one core runs.
class DriverGuard {
public:
    explicit DriverGuard(CoreLock& lock) : lock_{machine.several ? &lock : nullptr} {
        if (lock_ != nullptr) lock_->take(arch::this_cpu().index);
    }
    ~DriverGuard() {
        if (lock_ != nullptr) lock_->release();
    }
    DriverGuard(DriverGuard const&) = delete;
    DriverGuard& operator=(DriverGuard const&) = delete;

private:
    CoreLock* lock_;
};

}  // namespace tiffin
