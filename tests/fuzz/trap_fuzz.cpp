// Any exception with any syndrome and any registers: EL2 deals with it, never panics, and the vCPU that it gives the core to can
// run.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "core/testing.hpp"
#include "core/trap/trap.hpp"

using namespace tiffin;

namespace {

struct Input {
    std::uint64_t esr, far, hpfar, x[5], pc, pstate, counter;
    std::uint8_t entry, rest[7];
};

struct NoDevice final : MmioDevice {
    std::uint64_t read(Vcpu&, MmioOp op) override { return check(op); }
    void write(Vcpu&, MmioOp op, std::uint64_t) override { check(op); }
    static std::uint64_t check(MmioOp op) {
        if (op.offset + op.size > 0x1000 || op.offset % op.size != 0) std::abort();
        return ~0ull;
    }
};

void trap_once(Vcpu& v, Input const& in) {
    std::memcpy(v.regs.x, in.x, sizeof in.x);
    v.regs.pc = in.pc;
    v.regs.pstate = in.pstate;
    switch (in.entry % 4) {
        case 0: trap::on_hypercall(v); break;
        case 1: trap::on_interrupt(v); break;
        default: trap::on_synchronous(v, {.esr = in.esr, .far = in.far, .hpfar = in.hpfar}); break;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    testing::Board board{{{.vcpus = 2}, {.policy = abi::Policy::Fixed, .priority = 5}},
                         (size & 1) != 0 ? abi::GicVersion::V2 : abi::GicVersion::V3};
    NoDevice device;
    for (std::size_t const i : {0, 1}) {  // every VM has at least one device
        board.vm(i).slots[0] = {.base = Ipa{abi::guest_map::pl011}, .size = 0x1000, .device = &device, .name = "device"};
        board.vm(i).slot_count = 1;
    }
    board.hw().vbar = testing::guest_ram;
    board.boot();
    try {
        for (; size >= sizeof(Input); data += sizeof(Input), size -= sizeof(Input)) {
            Input in;
            std::memcpy(&in, data, sizeof in);
            board.hw().counter += in.counter >> 32;
            if (machine.running == 0) break;
            trap_once(board.cpu().current == nullptr ? board.run() : *board.cpu().current, in);
            if (machine.running == 0) break;
            if (board.cpu().need_resched && board.run().state != VcpuState::Running) std::abort();
        }
    } catch (host::SleepsForEver const&) {
        return 0;  // every vCPU waits for an interrupt that nobody sends: allowed
    }
    return 0;
}
