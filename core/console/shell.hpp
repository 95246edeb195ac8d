// The shell at EL2: what the maintainer types while no VM has the focus. Every answer is printed one line at a time, when the
// console has room: a list of 1,024 VMs keeps EL2 no longer than a list of one.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "abi/manage.hpp"
#include "core/console/console.hpp"

namespace tiffin {

/// What the shell shows of a VM. Times are in ticks of the system counter, summed over the VM's vCPUs, since boot.
struct VmRow {
    std::string_view name;
    std::string_view state;   // "running", "stopped", ...
    std::string_view policy;  // "fixed" or "share"
    std::uint32_t level{0};   // priority of a fixed VM, weight of a sharing one
    std::uint32_t core{0};    // of the first vCPU
    std::uint64_t run_ticks{0}, wake_ups{0}, traps{0}, switches{0};
    ConsolePort* console{nullptr};  // nullptr: the VM has none, and cannot get the focus
    std::uint64_t ready_ticks{0};   // wanted a core and did not have it: stolen time
    std::uint64_t asleep_ticks{0};  // wanted none, or was off
    std::uint64_t overruns{0};      // budgets used up while more was wanted
    std::uint64_t worst_response{0},
        late{0};  // of its fixed vCPUs: longest time from waking to sleeping; those beyond the deadline
    bool has_budget{false};
};

/// The machine, as the shell sees it. Implemented by the composition root.
class ShellHost {
public:
    [[nodiscard]] virtual std::uint32_t vm_count() const = 0;
    /// `index` is below vm_count(). A name by itself costs next to nothing.
    [[nodiscard]] virtual std::string_view name(std::uint32_t index) const = 0;
    [[nodiscard]] virtual VmRow vm(std::uint32_t index) const = 0;
    /// Does `action` (below abi::manage::actions) with a VM, or sees that it is done. False: not in its state.
    virtual bool manage(std::uint32_t index, abi::manage::Action action) = 0;
    /// Ticks since boot, summed over the cores in use.
    [[nodiscard]] virtual std::uint64_t total_ticks() const = 0;
    /// How many of them no VM had anything to do.
    [[nodiscard]] virtual std::uint64_t idle_ticks() const = 0;
    /// Ticks a second, not 0.
    [[nodiscard]] virtual std::uint64_t frequency() const = 0;
    /// What a trace consists of, part by part: the plan, then the cores' rings (abi/trace.hpp). Nothing: there is no such part.
    [[nodiscard]] virtual std::span<std::byte const> trace_part(std::uint32_t index) const = 0;
    /// While it is held, the trace does not change.
    virtual void hold_trace(bool held) = 0;

protected:
    ~ShellHost() = default;
};

class Shell final : public KeyListener {
public:
    constexpr Shell(Console& console, ShellHost& host) : console_{&console}, host_{&host} {}

    void key(char c) override;
    [[nodiscard]] std::string_view typed() const override { return {typed_, size_}; }
    bool step() override;

    /// Runs a line as if it had been typed. At most 80 bytes of it count.
    void run(std::string_view line);

private:
    /// A command's lines: prints number `index`, and is true while more follow.
    using Answer = bool (Shell::*)(std::uint32_t index);
    struct Command {
        std::string_view name, arguments, help;
        Answer answer;
    };
    static Command const commands[];
    static std::size_t const command_count;

    [[nodiscard]] static Command const* find(std::string_view name);
    void type(char c);
    bool skip_escape_sequence(char c);
    bool answer_help(std::uint32_t index);
    bool answer_list(std::uint32_t index);
    bool answer_stats(std::uint32_t index);
    template <abi::manage::Action action>
    bool answer_manage(std::uint32_t) {
        return manage(action);
    }
    bool manage(abi::manage::Action action);
    bool answer_focus(std::uint32_t index);
    bool answer_colours(std::uint32_t index);
    bool answer_trace(std::uint32_t index);
    void machine_stats();
    bool vm_stats(VmRow const& vm, std::uint32_t index);
    void look_for_name();
    [[nodiscard]] bool knows_name();
    [[nodiscard]] std::uint64_t milliseconds(std::uint64_t ticks) const;
    [[nodiscard]] std::uint64_t microseconds(std::uint64_t ticks) const;
    [[nodiscard]] std::uint64_t per_mille(std::uint64_t ticks) const;

    Console* console_;
    ShellHost* host_;
    Answer answer_{nullptr};
    std::uint32_t index_{0};
    std::string_view argument_;  // of the command being answered; points into said_
    std::uint32_t named_{0};     // the VM of that name; vm_count(): there is none; while looking, who is compared next
    bool looking_{false};
    std::uint32_t trace_part_{0};  // being printed by `trace`
    std::size_t trace_at_{0};      // in that part
    enum class Escape : std::uint8_t { None, Begun, Parameters } escape_{Escape::None};
    std::uint8_t size_{0};
    char typed_[80]{};
    char said_[80]{};  // the command being answered; what is typed meanwhile does not disturb it
};

}  // namespace tiffin
