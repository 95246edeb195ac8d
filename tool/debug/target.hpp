// What gdb's server asks of a VM. The hypervisor's debug commands implement it, and in tests a VM of a few bytes.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tiffin::gdb {

/// x0..x30, sp, pc, pstate: in gdb's order.
inline constexpr unsigned register_count = 34, sp = 31, pc = 32, pstate = 33;
using Registers = std::array<std::uint64_t, register_count>;

/// Why the VM stopped.
struct Stop {
    enum class Why : std::uint8_t { Asked, Breakpoint, Watchpoint, Step };
    Why why{Why::Asked};
    unsigned vcpu{0};
    std::uint64_t address{0};  // of a Watchpoint's access
};

enum class Kind : std::uint8_t { Break, Watch };

/// All but stop() need a stopped VM. False or nothing: the VM has no such memory, or the machine is gone.
class Target {
public:
    virtual ~Target() = default;

    [[nodiscard]] virtual unsigned vcpus() const = 0;
    /// How many break- or watchpoint registers the processor has.
    [[nodiscard]] virtual unsigned slots(Kind kind) const = 0;

    virtual std::optional<Registers> registers(unsigned vcpu) = 0;
    /// One of those, or of EL1's system registers, which count on from register_count (target_xml.hpp), or half a vector register, FPCR or
    /// FPSR (abi::debug::first_fp_register).
    virtual std::optional<std::uint64_t> one_register(unsigned vcpu, unsigned number) = 0;
    virtual bool set_register(unsigned vcpu, unsigned number, std::uint64_t value) = 0;
    /// Virtual addresses, as that vCPU sees them now.
    virtual std::optional<std::string> read(unsigned vcpu, std::uint64_t at, std::uint64_t size) = 0;
    virtual bool write(unsigned vcpu, std::uint64_t at, std::string_view bytes) = 0;
    /// Values of DBGBVR<n>_EL1 and DBGBCR<n>_EL1, or of DBGWVR and DBGWCR.
    virtual bool set_slot(Kind kind, unsigned slot, std::uint64_t address, std::uint64_t control) = 0;

    /// These return at once; the server is told of the stop that follows.
    virtual void stop() = 0;
    virtual void go_on() = 0;
    virtual void step(unsigned vcpu) = 0;
    /// Lets the VM go on for good.
    virtual void leave() = 0;
};

}  // namespace tiffin::gdb
