// What a guest did wrong, in facts.
#pragma once
#include <cstdint>

namespace tiffin::trap {

/// What `Misdeed::value` is.
enum class Where : std::uint8_t { Physical, Virtual, Syndrome, Nowhere };

/// What a guest did, for the console: "read of 4 bytes at ...". The text is static: the line is made later.
struct Misdeed {
    char const* what;    // "read", "write", "instruction fetch", "undefined system register", ...
    std::uint32_t size;  // bytes, 0 if unknown
    Where where;         // a guest-physical or guest-virtual address, an ESR_EL2.ISS, or nothing
    std::uint64_t value;
    char const* remedy;  // what happened to the guest: "data abort injected"
};

}  // namespace tiffin::trap
