// The TRNG firmware interface (Arm DEN 0098 1.0), so that a guest's random pool is seeded at once. What it gives is as good as
// what the generator was seeded with at boot: see seed_random in hypervisor/boot.cpp, and docs/decisions/0005.
#include <bit>

#include "core/cpu.hpp"
#include "core/hypercall/hypercall.hpp"

namespace tiffin::hypercall {
namespace {

namespace fn = armv8::trng;

/// xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number generators"), 256 bits of state.
std::uint64_t next_random(Cpu& cpu) {
    auto& s = cpu.random_state;
    auto const result = std::rotl(s[0] + s[3], 23) + s[0];
    auto const t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = std::rotl(s[3], 45);
    return result;
}

/// Entropy goes to x1..x3, most significant first in x1, right-aligned (DEN 0098, "TRNG_RND").
void give(Vcpu& v, std::uint64_t bits, unsigned word_bits) {
    GuestRegs& regs = v.regs;
    if (bits == 0 || bits > 3ull * word_bits) {
        regs.x[0] = static_cast<std::uint64_t>(fn::invalid_parameters);
        return;
    }
    for (unsigned i = 0; i < 3; ++i) {
        unsigned const below = i * word_bits;  // bits in the words to the right
        std::uint64_t value = 0;
        if (bits > below) {
            auto const here = bits - below < word_bits ? bits - below : word_bits;
            value = next_random(*v.cpu) >> (64 - here);
        }
        regs.x[3 - i] = value;
    }
    regs.x[0] = 0;
}

}  // namespace

bool trng(Vcpu& v, std::uint32_t function) {
    auto& x = v.regs.x;
    switch (function) {
        case fn::version: x[0] = fn::version_1_0; return true;
        case fn::features: {
            auto const asked = static_cast<std::uint32_t>(x[1]);
            bool const known = asked == fn::rnd32 || asked == fn::rnd64 || (asked >= fn::version && asked <= fn::get_uuid);
            x[0] = known ? 0 : armv8::smccc::not_supported;
            return true;
        }
        case fn::get_uuid:
            x[0] = 0x0b1d5e7a;
            x[1] = 0x4c9a4f21;
            x[2] = 0x86d27466;
            x[3] = 0x7566696e;
            return true;
        case fn::rnd32: give(v, static_cast<std::uint32_t>(x[1]), 32); return true;
        case fn::rnd64: give(v, x[1], 64); return true;
        default: return false;
    }
}

}  // namespace tiffin::hypercall
