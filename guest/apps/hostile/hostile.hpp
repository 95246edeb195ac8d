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
std::span<Case const> register_cases();
std::span<Case const> serve_cases();
std::span<Case const> virtio_cases();      // none if the VM has no disk
std::span<Case const> sound_cases();       // none if the VM has no sound
std::span<Case const> screen_cases();      // none if the VM has no screen
std::span<Case const> table_walk_cases();  // last: they turn the MMU on

/// What it has done at random, and how much of the hypervisor that has reached.
struct Tally {
    std::uint64_t operations{0}, faults{0};
    std::uint64_t hypercalls{0}, regions{0}, registers{0};  // different ones: of the table, of emulated devices, of the encodings
};
/// `count` operations that follow from `seed`: calls, registers of devices, system registers, contents of rings.
Tally run_at_random(std::uint64_t seed, std::uint64_t count);
/// The server of another VM's device, and of no use to it: for ever.
[[noreturn]] void lie_at_random(std::uint64_t seed);

/// Reads system register `encoding` (op0..op2 as MRS has them, bits 20 to 5), or writes it.
std::uint64_t read_register(std::uint32_t encoding);
void write_register(std::uint32_t encoding, std::uint64_t value);

}  // namespace hostile
