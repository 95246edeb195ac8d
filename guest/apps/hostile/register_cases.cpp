// Every encoding of MRS and MSR, one by one: threats.md, row 1. The instruction is written into memory and called.
#include "guest/apps/hostile/hostile.hpp"

namespace hostile {
namespace {

// `instruction; ret`, in the app's own RAM, which may be executed: the MMU is off.
alignas(64) constinit std::uint32_t code[2]{};

constexpr std::uint32_t mrs_x0 = 0xd530'0000, msr_x0 = 0xd510'0000, ret = 0xd65f'03c0;  // Arm ARM, MRS and MSR (register)

std::uint64_t call_code(std::uint32_t instruction, std::uint64_t x0) {
    auto volatile* const at = code;
    at[0] = instruction;
    at[1] = ret;
    asm volatile("dsb ish; ic ivau, %0; dsb ish; isb" : : "r"(code) : "memory");
    register std::uint64_t value asm("x0") = x0;
    asm volatile("blr %1" : "+r"(value) : "r"(code) : "x30", "memory");
    return value;
}

constexpr std::uint32_t encoding(unsigned op0, unsigned op1, unsigned crn, unsigned crm, unsigned op2) {
    return (op0 << 19 | op1 << 16 | crn << 12 | crm << 8 | op2 << 5) & 0x1f'ffe0;
}

template <class F>
void for_all(F each) {
    for (std::uint32_t n = 0; n < 0x1'0000; ++n) each(0x10'0000 | n << 5);  // op0 2 and 3
}

/// Values differ from core to core; the hypervisor and this VM's own state go on.
Verdict read_every_register() {
    auto const before = read_register(encoding(3, 0, 12, 0, 0));  // VBAR_EL1
    auto const s = attempt([] { for_all([](std::uint32_t e) { (void)read_register(e); }); });
    if (s.serrors != 0) return "an SError";
    return before == read_register(encoding(3, 0, 12, 0, 0)) ? nullptr : "VBAR_EL1 changed";
}

/// EL2's and EL3's (op1 4 to 6, but for CNTV's aliases), identification, debug, implementation-defined: undefined, ignored, or its own.
Verdict write_registers_that_are_not_its_own() {
    auto const s = attempt([] {
        for_all([](std::uint32_t e) {
            unsigned const op0 = e >> 19 & 3, op1 = e >> 16 & 7, crn = e >> 12 & 15;
            bool const el2 = op1 >= 4, id = op0 == 3 && op1 == 0 && crn == 0, own = crn == 11 || crn == 15;
            if (el2 || id || own || op0 == 2) write_register(e, ~0ull);
        });
    });
    return s.serrors == 0 ? nullptr : "an SError";
}

constexpr Case cases[] = {
    {"read-every-system-register", read_every_register},
    {"write-registers-that-are-not-its-own", write_registers_that_are_not_its_own},
};

}  // namespace

std::uint64_t read_register(std::uint32_t encoding) { return call_code(mrs_x0 | encoding, 0); }
void write_register(std::uint32_t encoding, std::uint64_t value) { (void)call_code(msr_x0 | encoding, value); }

std::span<Case const> register_cases() { return cases; }

}  // namespace hostile
