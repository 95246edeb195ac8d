// What is done to a machine while it runs, and when: lines typed at the hypervisor's shell, keys of a keyboard, pictures of its screen.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tool/diagnostics.hpp"
#include "tool/run/pattern.hpp"
#include "tool/run/watcher.hpp"

namespace tiffin {

/// `vm` says so for the `times`th time; `after` seconds of the machine's time later something is done.
struct MachineEvent {
    Mark at;
    std::string vm;
    Pattern says;
    std::uint64_t times{1}, after{0};
    std::string type;               // a line for the shell; may be empty
    std::vector<std::string> keys;  // of QEMU's keyboard, by QEMU's names (QKeyCode)
    std::string picture;            // what a screenshot shows; empty: none is taken
};

/// A demo's script: what its VMs must say for it to be a success, and what is done to them.
struct Script {
    std::vector<Expectation> expectations;
    std::vector<MachineEvent> events;
};

/// Reads a script (docs/demo.md). To be used only if no problem was found.
Script parse_script(std::string const& text, Problems& problems);

/// Knows which events are due.
class EventQueue {
public:
    explicit EventQueue(std::vector<MachineEvent> events);

    /// A line of a VM, without prefix.
    void said(std::string_view vm, std::string_view text);
    /// True while an event waits for the machine's clock, and due() wants to know the time.
    [[nodiscard]] bool wants_time() const;
    /// Takes the events that are due at `now`, in seconds; those without a delay whatever the time is.
    std::vector<MachineEvent> due(std::optional<std::uint64_t> now);
    /// What has not been done.
    [[nodiscard]] std::vector<MachineEvent> left() const;

private:
    struct Waiting {
        MachineEvent event;
        std::uint64_t seen{0};
        bool said{false}, done{false};
        std::optional<std::uint64_t> when{};
    };
    std::vector<Waiting> all_;
};

/// The keys that make the console's shell read `line`: Ctrl-] s, and the line (docs/console.md, "Keys").
std::string shell_keys(std::string_view line);

}  // namespace tiffin
