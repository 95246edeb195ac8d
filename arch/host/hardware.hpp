// A core that exists in memory only: every function of core/arch.hpp, recorded, for tests and fuzzers on the host. Encodings are
// the real ones (armv8/), so a test sees what hardware would.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/addr.hpp"

namespace tiffin {
struct Vcpu;
namespace debug {
struct Registers;
}
}  // namespace tiffin

namespace tiffin::host {

/// panic() of a test: our bug, caught where the test expects one.
struct Panic : std::logic_error {
    using std::logic_error::logic_error;
};
/// The board was switched off.
struct PoweredOff {};
struct Rebooted {};
/// The core waits for a lock that nobody will give back: another core, which does not run, has it.
struct WaitsForEver {};
/// This core was told to stop, since another one panics.
struct Halted {};
/// The core sleeps, and nothing that is known to the fake will ever wake it.
struct SleepsForEver {};

/// What was asked of the machine, in order. `a` and `b` are the operation's arguments.
struct Event {
    enum class Kind : std::uint8_t {
        FlushVm,
        FlushAllVms,
        FlushPage,
        CopyPage,
        ZeroPage,
        SetDeadline,
        DropPriority,
        Deactivate,
        SetActive,
        Save,
        Load,
        TakeFp,
        Route
    };
    Kind kind;
    std::uint64_t a{0}, b{0};
    bool operator==(Event const&) const = default;
};

/// An exception that a guest was made to take.
struct Injected {
    std::uint64_t esr, far, pc;
};

struct Hardware {
    static constexpr std::uint32_t lr_count = 16;

    std::uint64_t counter{1'000'000}, frequency{1'000'000};
    std::uint64_t deadline{~0ull};  // of the EL2 timer
    std::array<std::uint64_t, lr_count> lr{};
    std::array<std::uint8_t, lr_count> lr_source{};  // GICv2: CPUID of each list register
    std::uint32_t ich_hcr{0}, eoi_count{0};
    std::uint64_t vmcr{0xff00'0003};       // of whichever guest runs: both groups enabled, no priority masked
    std::vector<std::uint32_t> running{};  // INTIDs whose priority the loaded guest has not dropped
    std::map<Vcpu const*, std::vector<std::uint32_t>> saved_running;  // the active priorities of those that are not loaded
    std::set<std::uint32_t> irq_pending, irq_active;                  // physical interrupts of this core
    std::uint64_t vbar{0};
    std::array<std::array<std::uint64_t, 8>, 8> id{};  // identification registers by CRm and op2
    unsigned serrors{0};
    std::vector<Injected> injected;
    std::vector<Event> events;
    std::function<std::optional<Ipa>(Gva)> translate;  // stage 1; not set: identity
    std::function<void()> on_flush;                    // in the middle of a flush
    std::function<void()> on_copy;                     // after each piece that copy_bytes moves
    std::function<void()> on_sleep;                    // instead of sleeping until the deadline

    /// What arm_debug was given last; disarmed: nothing.
    struct {
        bool armed{false}, step{false};
        debug::Registers const* registers{nullptr};
    } debug;

    std::uint64_t sgis_sent{0};  // by this core

    [[nodiscard]] std::size_t count(Event::Kind kind) const;
};

inline constexpr unsigned max_cores = 4;

/// The core that runs: 0 after reset(), from which a test starts. All cores have one clock.
Hardware& hardware();
void reset();
/// From now on another core runs.
void on_core(unsigned core);
unsigned current_core();

}  // namespace tiffin::host
