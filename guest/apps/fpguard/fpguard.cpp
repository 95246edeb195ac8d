// Fills every FP/SIMD register with a pattern of its own, gives the core away, and looks whether the pattern is still there, many
// times. Boot arguments: fpguard.pattern=N (1..255, each VM its own), fpguard.turns=N. Before the first turn every register must
// read as zero: a VM starts with nobody's values. Exit status 0: nothing was lost or leaked.
#include "guest/sdk/app.hpp"
#include "guest/sdk/hypercall.hpp"
#include "guest/sdk/simd.hpp"

using namespace tiffin::sdk;

namespace {

// clang-format off
#define EACH_REGISTER(X)                                                    \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)           \
    X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) \
    X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31)
// clang-format on

/// Both halves of v0..v31, added up.
std::uint64_t sum_registers() {
    std::uint64_t sum = 0, half = 0;
#define X(n)                                                                  \
    asm volatile(".arch_extension simd\n mov %0, v" #n ".d[0]" : "=r"(half)); \
    sum += half;                                                              \
    asm volatile(".arch_extension simd\n mov %0, v" #n ".d[1]" : "=r"(half)); \
    sum += half;
    EACH_REGISTER(X)
#undef X
    return sum;
}

void fill_registers(std::uint64_t pattern) {
#define X(n) asm volatile(".arch_extension simd\n dup v" #n ".2d, %0" ::"r"(pattern));
    EACH_REGISTER(X)
#undef X
}

}  // namespace

unsigned app_main() {
    simd::enable();
    if (sum_registers() != 0) {
        print("fpguard: LEAKED: the first look was not zero\n");
        return 1;
    }
    auto const pattern = argument(boot().arguments, "fpguard.pattern", 1) * 0x0101'0101'0101'0101;
    auto const turns = argument(boot().arguments, "fpguard.turns", 1000);
    for (std::uint64_t n = 0; n < turns; ++n) {
        fill_registers(pattern);
        hypercall::Yield();
        if (sum_registers() != 64 * pattern) {
            print("fpguard: LOST: turn {}\n", n);
            return 1;
        }
    }
    print("fpguard: {} turns, nothing lost or leaked\n", turns);
    return 0;
}
