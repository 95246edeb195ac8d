// What the machine tells of itself: to the shell, at the end of a run, and about the board at the start.
#pragma once
#include "core/console/shell.hpp"
#include "plan/view.hpp"

namespace tiffin {

class MachineShell final : public ShellHost {
public:
    [[nodiscard]] std::uint32_t vm_count() const override;
    [[nodiscard]] std::string_view name(std::uint32_t index) const override;
    [[nodiscard]] VmRow vm(std::uint32_t index) const override;
    bool manage(std::uint32_t index, abi::manage::Action action) override;
    [[nodiscard]] std::uint64_t total_ticks() const override;
    [[nodiscard]] std::uint64_t idle_ticks() const override;
    [[nodiscard]] std::uint64_t frequency() const override;
    [[nodiscard]] std::span<std::byte const> trace_part(std::uint32_t index) const override;
    void hold_trace(bool held) override;
};

/// The last VM has stopped: prints `report` lines that tools read, and turns the board off, unless the plan says to stay on.
/// The status is 0 if every VM stopped by itself with status 0.
void on_all_stopped();

/// Refuses if the board's device tree (as the loader passed it; not used if it is none) has not the memory that the plan counts
/// on.
void check_memory(PlanView const& plan, std::uint64_t device_tree);

/// Address of the first PL011 in the board's device tree; 0 if there is none.
std::uint64_t find_uart(std::uint64_t device_tree);

}  // namespace tiffin
