// The two locks, held for a scope. Where nothing is shared, a guard is one test.
#pragma once
#include "core/cpu.hpp"
#include "core/vm/vm.hpp"

namespace tiffin {

/// What the cores of one VM share. Nothing happens for a VM that lives on one core.
class VmGuard {
public:
    explicit VmGuard(Vm& vm) : lock_{vm.shared ? &vm.cross->lock : nullptr} {
        if (lock_ != nullptr) [[unlikely]]
            lock_->take(arch::this_cpu().index);
    }
    ~VmGuard() {
        if (lock_ != nullptr) [[unlikely]]
            lock_->release();
    }
    VmGuard(VmGuard const&) = delete;
    VmGuard& operator=(VmGuard const&) = delete;

private:
    CoreLock* lock_;
};

/// The console and everything behind it. Nothing happens while one core runs.
class ConsoleGuard {
public:
    ConsoleGuard() : lock_{machine.several ? &machine.console_lock : nullptr} {
        if (lock_ != nullptr) [[unlikely]]
            lock_->take(arch::this_cpu().index);
    }
    ~ConsoleGuard() {
        if (lock_ != nullptr) [[unlikely]]
            lock_->release();
    }
    ConsoleGuard(ConsoleGuard const&) = delete;
    ConsoleGuard& operator=(ConsoleGuard const&) = delete;

private:
    CoreLock* lock_;
};

}  // namespace tiffin
