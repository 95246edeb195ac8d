// A case: something that a guest must not get away with, and how it finds out that it did not.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "guest/sdk/app.hpp"
#include "guest/sdk/exception.hpp"

namespace hostile {

/// Exception classes at EL1 (Arm ARM, ESR_EL1, EC).
enum class Ec : unsigned {
    Undefined = 0x00,
    IllegalState = 0x0e,
    InstructionAbort = 0x21,
    PcAlignment = 0x22,
    DataAbort = 0x25,
    SpAlignment = 0x26,
    Brk = 0x3c,
    None = 0x100,
};

inline constexpr unsigned external_abort = 0x10;  // synchronous external abort, not on a table walk
inline constexpr unsigned alignment_fault = 0x21;

/// What the case's own exception vectors saw.
struct Seen {
    unsigned faults{0};
    Ec ec{Ec::None};     // of the first
    unsigned status{0};  // its ISS[5:0]
    unsigned serrors{0};
};

/// nullptr: contained. Else what went wrong.
using Verdict = char const*;

struct Case {
    std::string_view name;
    Verdict (*run)();
};

/// Starts watching: faults from here on are stepped over and counted.
void watch();
/// Stops watching.
Seen seen();

template <class F>
Seen attempt(F body) {
    watch();
    body();
    return seen();
}

inline Verdict expect_quiet(Seen const& s) { return s.faults + s.serrors == 0 ? nullptr : "faulted"; }
inline Verdict expect_undefined(Seen const& s) {
    if (s.faults == 0) return "executed";
    return s.ec == Ec::Undefined && s.serrors == 0 ? nullptr : "another exception than undefined";
}
/// An external abort on the access itself, as real hardware gives where nothing answers.
inline Verdict expect_abort(Seen const& s, Ec ec = Ec::DataAbort) {
    if (s.faults == 0) return "no abort";
    if (s.ec != ec) return "another exception class";
    return s.status == external_abort && s.serrors == 0 ? nullptr : "another fault status";
}

/// The first verdict that is not nullptr.
template <class... V>
Verdict first_of(V... verdicts) {
    Verdict result = nullptr;
    ((result = result != nullptr ? result : verdicts), ...);
    return result;
}

inline std::int64_t signed_x0(tiffin::sdk::Answer const& a) { return static_cast<std::int64_t>(a.x0); }

/// Calls code at an address; a fetch that faults returns here.
inline void jump_to(std::uint64_t address) { asm volatile("blr %0" : : "r"(address) : "x30", "memory"); }

std::span<Case const> cpu_cases();
std::span<Case const> memory_cases();
std::span<Case const> device_cases();
std::span<Case const> interrupt_cases();
std::span<Case const> call_cases();
std::span<Case const> table_walk_cases();  // last: they turn the MMU on

}  // namespace hostile
