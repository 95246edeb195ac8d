// Firmware calls and hypercalls: threats.md, "PSCI, SMCCC, hypercalls".
#include "guest/apps/hostile/hostile.hpp"

namespace hostile {
namespace {

using namespace tiffin::sdk;
using tiffin::abi::Error;

constexpr auto not_supported = static_cast<std::int64_t>(Error::NotSupported);
constexpr auto invalid_parameter = static_cast<std::int64_t>(Error::InvalidParameter);
constexpr std::int64_t psci_invalid_parameters = -2, psci_already_on = -4,
                       psci_invalid_address = -9;  // DEN 0022, "Return error codes"
constexpr std::uint64_t absent_vcpu = 0x7f;

Verdict answers(std::int64_t expected, Answer const& got) { return signed_x0(got) == expected ? nullptr : "another answer"; }

/// SYSTEM_OFF by SMC must reach no firmware: the board would go off.
Verdict secure_monitor_calls() {
    for (std::uint64_t function : {0x8400'0008ull, 0x8400'0009ull, 0xc400'0003ull, 0x0ull, ~0ull, 0xbf00'0000ull}) {
        std::uint64_t x0 = function;
        auto const s = attempt([&x0] {
            register std::uint64_t r asm("x0") = x0;
            asm volatile("smc #0" : "+r"(r) : : "x1", "x2", "x3", "memory");
            x0 = r;
        });
        if (auto const v = first_of(expect_quiet(s), static_cast<std::int64_t>(x0) == not_supported ? nullptr : "another answer"))
            return v;
    }
    return nullptr;
}

/// HVC with an immediate that no convention uses: an error, or undefined.
template <unsigned Immediate>
Verdict odd_call() {
    std::uint64_t x0 = 0xc600'00ee;
    auto const s = attempt([&x0] {
        register std::uint64_t r asm("x0") = x0;
        asm volatile("hvc %1" : "+r"(r) : "i"(Immediate) : "x1", "x2", "x3", "memory");
        x0 = r;
    });
    if (s.faults != 0) return expect_undefined(s);
    return static_cast<std::int64_t>(x0) == not_supported ? nullptr : "another answer";
}
Verdict odd_immediates() {
    return first_of(odd_call<1>(), odd_call<2>(), odd_call<0x4a48>(), odd_call<0xea1>(), odd_call<0xffff>());
}

Verdict channels_of_nobody() {
    for (auto const index : {0ull, 1ull, 31ull, 32ull, 1ull << 32, ~0ull})
        if (auto const v = answers(invalid_parameter, hypercall::ChannelRing(index))) return v;
    return nullptr;
}

Verdict unknown_hypercalls() {
    for (std::uint32_t n = 0x40; n < 0xff; ++n)
        if (auto const v = answers(not_supported, call(tiffin::abi::hypercall_base + n, ~0ull, ~0ull, ~0ull))) return v;
    return answers(not_supported, call(tiffin::abi::hypercall_base + 0xffff));
}

Verdict unknown_owners() {
    for (std::uint32_t owner : {1u, 2u, 3u, 0x30u, 0x3fu})  // CPU, SiP, OEM, trusted applications, trusted OS
        if (auto const v = answers(not_supported, call(0xc000'0000 | owner << 24))) return v;
    return nullptr;
}

Verdict console_write_lies() {
    return first_of(answers(invalid_parameter, hypercall::ConsoleWrite(0, 0, 0, 0, 0, 0, 0)),
                    answers(invalid_parameter, hypercall::ConsoleWrite(49, 0, 0, 0, 0, 0, 0)),
                    answers(invalid_parameter, hypercall::ConsoleWrite(~0ull, 0, 0, 0, 0, 0, 0)));
}

Verdict statistics_that_do_not_exist() {
    constexpr auto last = static_cast<std::uint64_t>(tiffin::abi::StatId::Late);
    return first_of(answers(invalid_parameter, hypercall::VcpuStats(last + 1)),
                    answers(invalid_parameter, hypercall::VcpuStats(~0ull)));
}

Verdict unknown_firmware_functions() {
    return first_of(answers(not_supported, call(0x8400'001e)), answers(not_supported, call(0xc400'001f)),
                    answers(not_supported, call(0x8400'0fff)), answers(not_supported, call(0x8000'0fff)));
}

Verdict start_an_absent_vcpu() {
    return first_of(answers(psci_invalid_parameters, call(psci::cpu_on, absent_vcpu, 0x4000'0000, 0)),
                    answers(psci_invalid_parameters, call(psci::cpu_on, ~0ull, 0x4000'0000, 0)),
                    answers(psci_invalid_parameters, call(psci::cpu_on, 1ull << 40, 0x4000'0000, 0)));
}

Verdict start_myself() {
    auto const got = signed_x0(call(psci::cpu_on, TIFFIN_READ(mpidr_el1) & 0xff'00ff'ffff, 0x4000'0000, 0));
    return got == psci_already_on ? nullptr : "another answer";
}

Verdict start_at_no_address() {
    auto const got = signed_x0(call(psci::cpu_on, TIFFIN_READ(mpidr_el1) & 0xff'00ff'ffff, 0x1000'0001, 0));
    return got == psci_already_on || got == psci_invalid_address ? nullptr : "another answer";
}

Verdict affinity_of_nobody() {
    return first_of(answers(psci_invalid_parameters, call(psci::affinity_info, absent_vcpu, 0)),
                    answers(psci_invalid_parameters, call(psci::affinity_info, 0, 4)));
}

/// Any standby state (bit 16, power-down, would rightly not return): an error, or a sleep that the timer ends.
Verdict suspend_in_every_state() {
    interrupts::enable(timer::intid, 0x80, [](std::uint32_t, void*) { timer::cancel(); });
    for (std::uint32_t state : {0u, 1u, 0xffffu, 0x300'0000u, 0xfffe'ffffu}) {
        InterruptsMasked const masked;
        timer::set_deadline(timer::now() + timer::from_us(200));
        auto const s = attempt([state] { (void)call(0x8400'0001, state, 0x4000'0000, 0); });
        timer::cancel();
        if (auto const v = expect_quiet(s)) return v;
    }
    return nullptr;
}

/// SMCCC TRNG (DEN 0098): 1..192 bits for the 64-bit call.
Verdict random_numbers_of_bad_sizes() {
    constexpr std::int64_t trng_invalid = -2;
    if (signed_x0(call(0x8400'0050)) == not_supported) return nullptr;  // no TRNG: nothing to abuse
    return first_of(answers(trng_invalid, call(0xc400'0053, 0)), answers(trng_invalid, call(0xc400'0053, 193)),
                    answers(trng_invalid, call(0xc400'0053, ~0ull)), answers(trng_invalid, call(0x8400'0053, 97)));
}

Verdict yield_storm() {
    return expect_quiet(attempt([] {
        for (unsigned i = 0; i < 2000; ++i) hypercall::Yield();
    }));
}

constexpr Case cases[] = {
    {"secure-monitor-calls", secure_monitor_calls},
    {"odd-immediates", odd_immediates},
    {"channels-of-nobody", channels_of_nobody},
    {"unknown-hypercalls", unknown_hypercalls},
    {"unknown-owners", unknown_owners},
    {"console-write-lies", console_write_lies},
    {"statistics-that-do-not-exist", statistics_that_do_not_exist},
    {"unknown-firmware-functions", unknown_firmware_functions},
    {"start-an-absent-vcpu", start_an_absent_vcpu},
    {"start-myself", start_myself},
    {"start-at-no-address", start_at_no_address},
    {"affinity-of-nobody", affinity_of_nobody},
    {"suspend-in-every-state", suspend_in_every_state},
    {"random-numbers-of-bad-sizes", random_numbers_of_bad_sizes},
    {"yield-storm", yield_storm},
};

}  // namespace

std::span<Case const> call_cases() { return cases; }

}  // namespace hostile
