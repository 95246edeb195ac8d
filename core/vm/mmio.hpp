// An emulated device, as the trap path sees it.
#pragma once
#include <cstdint>

#include "base/addr.hpp"

namespace tiffin {

struct Vcpu;

/// One naturally aligned access inside a device's window. `size` is 1, 2, 4 or 8 bytes.
struct MmioOp {
    std::uint32_t offset;
    std::uint8_t size;
};

/// A device that a guest reads and writes. Implemented in vdev/; at most one virtual call stands between the trap and the device.
class MmioDevice {
public:
    /// The value read, zero-extended. Registers that do not exist read as zero (RAZ).
    virtual std::uint64_t read(Vcpu& by, MmioOp op) = 0;
    /// Writes to registers that do not exist are ignored (WI). `value` has only `op.size` bytes.
    virtual void write(Vcpu& by, MmioOp op, std::uint64_t value) = 0;

    /// Back to the state in which the VM's first start found it.
    virtual void reset() {}
    /// The VM has left its cores, and its memory is about to be another's, or to be scrubbed: nothing may go on by itself.
    virtual void quiesce() {}

protected:
    ~MmioDevice() = default;
};

/// Where a device raises its (level) interrupt line: the interrupt controller of its VM.
class IrqSink {
public:
    /// `intid` 32..287. Idempotent.
    virtual void set_line(std::uint32_t intid, bool high) = 0;

protected:
    ~IrqSink() = default;
};

}  // namespace tiffin
