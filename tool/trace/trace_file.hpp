// What a trace file holds, opened and checked: rings (abi/trace.hpp) and the plan, found by their magic numbers in whatever bytes are
// given: what `tiffin run --trace` fetched, a dump of the board's memory, or what the shell's `trace` printed. The bytes are not trusted.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "abi/trace.hpp"
#include "plan/view.hpp"

namespace tiffin {

struct TraceEntry {
    std::uint64_t time;  // ticks
    abi::TraceKind kind;
    std::uint16_t who, detail;
    std::uint32_t argument;
};

/// One core's ring.
struct CoreTrace {
    std::uint32_t core{0};
    std::uint64_t frequency{1}, started{0};
    std::uint64_t overwritten{0};     // events lost before the first
    std::vector<TraceEntry> entries;  // in the order in which they were written
    std::array<abi::TracePath, abi::trace_path_kinds> longest{};
};

class TraceFile {
public:
    /// Nothing, and a reason, if there is no ring in `bytes`.
    static std::optional<TraceFile> open(std::span<std::byte const> bytes, std::string& why);

    [[nodiscard]] std::vector<CoreTrace> const& cores() const { return cores_; }
    /// The plan, if one was found; valid as long as this object.
    [[nodiscard]] PlanView const* plan() const { return plan_ ? &*plan_ : nullptr; }
    /// "linux", "linux/1" (its second vCPU, if it has several), "vm3" without a plan, or "idle".
    [[nodiscard]] std::string name_of(std::uint16_t who) const;
    /// The vCPU that a plan names so.
    [[nodiscard]] std::optional<std::uint16_t> find(std::string_view vm, unsigned vcpu) const;
    /// "hypercall PSCI SYSTEM_OFF", "data abort", "interrupt 27 (virtual timer)": what began a path.
    [[nodiscard]] std::string path_name(abi::TraceKind kind, std::uint32_t argument) const;

private:
    void find_rings(std::span<std::byte const> bytes);
    void find_plan(std::span<std::byte const> bytes);
    [[nodiscard]] std::string interrupt_name(std::uint32_t intid) const;

    std::vector<CoreTrace> cores_;
    std::vector<std::uint64_t> plan_words_;  // a copy, aligned as a plan has to be
    std::optional<PlanView> plan_;
};

/// The bytes that the shell's `trace` printed into `log`; nothing, and a reason, if a part is missing.
std::optional<std::vector<std::byte>> bytes_from_console(std::string_view log, std::string& why);

}  // namespace tiffin
