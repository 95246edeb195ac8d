// Break- and watchpoints as gdb sets them. Source: GDB manual, "Packets": Z0 to Z4; Arm ARM, DBGBCR<n>_EL1, DBGWCR<n>_EL1.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "abi/debug.hpp"
#include "tool/debug/target.hpp"

namespace tiffin::gdb {

/// BRK #immediate, by which EL2 knows ours.
inline constexpr std::uint32_t debugger_brk = 0xd420'0000u | std::uint32_t{abi::debug::brk} << 5;
static_assert(debugger_brk == 0xd420'fe20);

/// The number after Z or z.
enum class PointType : std::uint8_t { Software, Hardware, Write, Read, Access };

class Points {
public:
    explicit Points(Target& target);

    /// False: no register is free, or the processor can't watch that.
    bool set(unsigned vcpu, PointType type, std::uint64_t at, std::uint64_t size);
    /// True also for one that is not set: gdb may say it twice.
    bool clear(unsigned vcpu, PointType type, std::uint64_t at, std::uint64_t size);
    void clear_all(unsigned vcpu);

    /// Puts the guest's own instructions into memory that was read, in place of BRKs.
    void hide(std::uint64_t at, std::string& bytes) const;
    /// And keeps the BRKs in memory that will be written.
    void keep(std::uint64_t at, std::string& bytes);
    /// The watchpoint behind an access, as gdb's stop reply tells it. Without a name there is none.
    struct Hit {
        char const* name{nullptr};  // watch, rwatch, awatch
        std::uint64_t at{0};        // within what gdb has asked to watch
    };
    [[nodiscard]] Hit watch_at(std::uint64_t access) const;
    /// Whether a BRK of ours is there.
    [[nodiscard]] bool software_at(std::uint64_t at) const { return software_.contains(at); }

private:
    struct Slot {
        bool used{false};
        PointType type{};
        std::uint64_t at{0}, size{0};
    };

    bool set_software(unsigned vcpu, std::uint64_t at);
    bool clear_software(unsigned vcpu, std::uint64_t at);
    std::vector<Slot>& slots_of(PointType type) { return type == PointType::Hardware ? breaks_ : watches_; }

    Target* target_;
    std::map<std::uint64_t, std::string> software_;  // by address: the guest's instruction
    std::vector<Slot> breaks_, watches_;
};

}  // namespace tiffin::gdb
