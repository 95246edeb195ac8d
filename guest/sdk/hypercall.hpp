// Hypercalls: one stub per row of abi/hypercalls.hpp, and the standard firmware calls (SMCCC, PSCI) that a VM answers by HVC.
#pragma once
#include <cstdint>

#include "abi/hypercalls.hpp"

namespace tiffin::sdk {

/// What a call returns in x0 to x3. x0 is a signed error (abi::Error) or a value, as the call's text says.
struct Answer {
    std::uint64_t x0, x1, x2, x3;
    [[nodiscard]] constexpr bool failed() const { return static_cast<std::int64_t>(x0) < 0; }
};

struct CallArguments {
    std::uint64_t x[8]{};
};

/// HVC #0 with x0..x7. Only x0..x3 change where SMCCC 1.1 is kept; SMCCC 1.0 allows x4..x17 to change, so they are given up.
inline Answer hvc(CallArguments const& in) {
    register std::uint64_t x0 asm("x0") = in.x[0];
    register std::uint64_t x1 asm("x1") = in.x[1];
    register std::uint64_t x2 asm("x2") = in.x[2];
    register std::uint64_t x3 asm("x3") = in.x[3];
    register std::uint64_t x4 asm("x4") = in.x[4];
    register std::uint64_t x5 asm("x5") = in.x[5];
    register std::uint64_t x6 asm("x6") = in.x[6];
    register std::uint64_t x7 asm("x7") = in.x[7];
    asm volatile("hvc #0"
                 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7)
                 :
                 : "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
    return {x0, x1, x2, x3};
}

/// Calls by function identifier, for what has no stub: firmware calls, tests.
template <class... Args>
    requires(sizeof...(Args) <= 7)
Answer call(std::uint32_t function, Args... args) {
    return hvc({{function, static_cast<std::uint64_t>(args)...}});
}

/// One function per row of TIFFIN_HYPERCALLS, named as the row, taking the row's count of 64-bit arguments.
namespace hypercall {
#define X(number, name, arguments, text)                                   \
    template <class... Args>                                               \
        requires(sizeof...(Args) == (arguments))                           \
    inline Answer name(Args... args) {                                     \
        return call(static_cast<std::uint32_t>(abi::Call::name), args...); \
    }
TIFFIN_HYPERCALLS(X)
#undef X
}  // namespace hypercall

/// PSCI and SMCCC function identifiers (Arm DEN 0022, DEN 0028) that apps use.
namespace psci {
inline constexpr std::uint32_t smccc_version = 0x8000'0000;
inline constexpr std::uint32_t version = 0x8400'0000;
inline constexpr std::uint32_t cpu_suspend = 0xc400'0001;
inline constexpr std::uint32_t cpu_off = 0x8400'0002;
inline constexpr std::uint32_t cpu_on = 0xc400'0003;
inline constexpr std::uint32_t affinity_info = 0xc400'0004;
inline constexpr std::uint32_t system_off = 0x8400'0008;
inline constexpr std::uint32_t system_reset = 0x8400'0009;
inline constexpr std::uint32_t features = 0x8400'000a;
}  // namespace psci

/// The version that Tiffin's `Version` call answers, or 0 on another hypervisor or none. Found once, at start.
std::uint32_t tiffin_version();

}  // namespace tiffin::sdk
