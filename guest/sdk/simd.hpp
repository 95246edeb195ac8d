// The SIMD registers, for an app that copies much. Apps are compiled without them: what uses them says so.
#pragma once
#include <cstddef>
#include <cstdint>

namespace tiffin::sdk::simd {

inline constexpr std::size_t register_bytes = 16, round_bytes = 256;

/// CPACR_EL1.FPEN: their use is not trapped to EL1. The VM has them from the first use on; EL2 keeps them for it (decision 0006).
inline void enable() { asm volatile("msr cpacr_el1, %0\n isb" ::"r"(std::uint64_t{3} << 20)); }

/// Both aligned to register_bytes, `bytes` a multiple of round_bytes. They may be device memory.
inline void copy(void* to, void const* from, std::size_t bytes) {
    if (bytes == 0) return;
    auto const* const end = static_cast<std::byte const*>(from) + bytes;
    asm volatile(
        ".arch_extension simd\n"
        "1: ldp q0, q1, [%1]\n ldp q2, q3, [%1, #32]\n ldp q4, q5, [%1, #64]\n ldp q6, q7, [%1, #96]\n"
        "stp q0, q1, [%0]\n stp q2, q3, [%0, #32]\n stp q4, q5, [%0, #64]\n stp q6, q7, [%0, #96]\n"
        "ldp q0, q1, [%1, #128]\n ldp q2, q3, [%1, #160]\n ldp q4, q5, [%1, #192]\n ldp q6, q7, [%1, #224]\n"
        "stp q0, q1, [%0, #128]\n stp q2, q3, [%0, #160]\n stp q4, q5, [%0, #192]\n stp q6, q7, [%0, #224]\n"
        "add %1, %1, #256\n add %0, %0, #256\n cmp %1, %2\n b.ne 1b"
        : "+r"(to), "+r"(from)
        : "r"(end)
        : "cc", "memory");  // no list of SIMD registers: the compiler uses none
}

}  // namespace tiffin::sdk::simd
