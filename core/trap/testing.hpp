// What the trap tests share: a VM with one device, whose guest takes exceptions.
#pragma once
#include <gtest/gtest.h>
#include <vector>

#include "armv8/sysreg.hpp"
#include "core/testing.hpp"
#include "core/trap/trap.hpp"

namespace tiffin::testing {

using armv8::Ec;
using armv8::Esr;

/// A device that remembers the last access.
struct FakeDevice final : MmioDevice {
    std::uint64_t read(Vcpu&, MmioOp op) override {
        last = op;
        ++reads;
        return answer;
    }
    void write(Vcpu&, MmioOp op, std::uint64_t value) override {
        last = op;
        written = value;
        ++writes;
    }
    MmioOp last{};
    std::uint64_t answer{0}, written{0};
    unsigned reads{0}, writes{0};
};

struct Trap : Board {
    FakeDevice device;
    Vcpu& v;

    explicit Trap(abi::GicVersion gic = abi::GicVersion::V3, std::vector<VmSpec> const& specs = {VmSpec{}})
        : Board{specs, gic}, v{run_first()} {
        vm().slots[0] = {.base = Ipa{abi::guest_map::pl011}, .size = 0x1000, .device = &device, .name = "the device"};
        vm().slot_count = 1;
        v.regs.pc = guest_ram + 0x100;
        hw().vbar = 0xffff'8000'0000'0800;
    }
    static std::uint64_t esr(Ec ec, std::uint64_t iss) { return Esr::EC::make(ec) | armv8::inject::il | iss; }
    /// A trap with a syndrome `iss`, of class `ec`.
    bool take(Ec ec, std::uint64_t iss, std::uint64_t far = 0, std::uint64_t hpfar = 0) {
        return trap::on_synchronous(v, {.esr = esr(ec, iss), .far = far, .hpfar = hpfar});
    }
    bool touch(std::uint64_t iss, std::uint64_t ipa) { return take(Ec::DataAbortLower, iss, ipa, ipa >> 12 << 4); }
    /// mrs or msr of `key` with register `rt`.
    bool system(std::uint32_t key, bool read, unsigned rt) {
        return take(Ec::SystemRegister, key | static_cast<std::uint64_t>(rt) << 5 | (read ? 1 : 0));
    }
    std::uint64_t mrs(std::uint32_t key) {
        v.regs.x[3] = 0x5a5a'5a5a'5a5a'5a5a;
        system(key, true, 3);
        return v.regs.x[3];
    }
    void msr(std::uint32_t key, std::uint64_t value) {
        v.regs.x[3] = value;
        system(key, false, 3);
    }
    /// The syndrome of the exception that the guest was given, once; 0 if none.
    std::uint64_t injected() {
        EXPECT_LE(hw().injected.size(), 1u);
        auto const got = hw().injected.empty() ? 0 : hw().injected.front().esr;
        hw().injected.clear();
        return got;
    }
};

}  // namespace tiffin::testing
