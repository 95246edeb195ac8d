// Instructions and system registers: threats.md, "CPU and system registers".
#include "guest/apps/hostile/hostile.hpp"

namespace hostile {
namespace {

#define READ(reg) asm volatile("mrs x9, " reg : : : "x9", "memory")
#define WRITE(reg, value) asm volatile("mov x9, %0; msr " reg ", x9; isb" : : "r"(std::uint64_t{value}) : "x9", "memory")

Verdict read_el2_registers() {
    return first_of(expect_undefined(attempt([] { READ("S3_4_C1_C1_0"); })),    // HCR_EL2
                    expect_undefined(attempt([] { READ("S3_4_C2_C1_0"); })),    // VTTBR_EL2
                    expect_undefined(attempt([] { READ("S3_4_C12_C11_0"); })),  // ICH_HCR_EL2
                    expect_undefined(attempt([] { READ("S3_4_C14_C0_3"); })));  // CNTVOFF_EL2
}

Verdict write_el2_registers() {
    return first_of(expect_undefined(attempt([] { WRITE("S3_4_C1_C1_0", 0); })),
                    expect_undefined(attempt([] { WRITE("S3_4_C2_C1_0", 0); })),
                    expect_undefined(attempt([] { WRITE("S3_4_C12_C0_0", 0); })),        // VBAR_EL2
                    expect_undefined(attempt([] { WRITE("S3_4_C12_C12_0", ~0ull); })));  // ICH_LR0_EL2
}

Verdict touch_el3_registers() {
    return first_of(expect_undefined(attempt([] { READ("S3_6_C1_C1_0"); })),
                    expect_undefined(attempt([] { WRITE("S3_6_C1_C1_0", 0); })));
}

Verdict flush_el2_tlb() {
    return first_of(expect_undefined(attempt([] { asm volatile("sys #4, C8, C7, #0"); })),   // TLBI ALLE2
                    expect_undefined(attempt([] { asm volatile("sys #4, C8, C7, #4"); })));  // TLBI ALLE1
}

/// The own TLB may be flushed at will; it is confined to the VMID.
Verdict flush_own_tlb() {
    return expect_quiet(attempt([] {
        for (unsigned i = 0; i < 1000; ++i)
            asm volatile("tlbi vmalle1; tlbi vmalle1is; ic iallu; ic ialluis; dsb sy; isb" : : : "memory");
    }));
}

Verdict set_way_maintenance() {
    return expect_quiet(attempt([] {
        for (std::uint64_t i = 0; i < 2048; ++i) asm volatile("dc isw, %0; dc csw, %0; dc cisw, %0" : : "r"(i << 6) : "memory");
    }));
}

Verdict performance_counters() {
    return first_of(expect_undefined(attempt([] { READ("pmcr_el0"); })), expect_undefined(attempt([] { READ("pmccntr_el0"); })),
                    expect_undefined(attempt([] { WRITE("pmcntenset_el0", ~0ull); })),
                    expect_undefined(attempt([] { WRITE("pmuserenr_el0", 1); })));
}

/// Breakpoints that never fire, because they are never set.
Verdict debug_registers() {
    auto const s = attempt([] {
        WRITE("oslar_el1", 0);
        WRITE("mdscr_el1", 1 << 15 | 1);
        WRITE("dbgbvr0_el1", 0x4000'0000);
        WRITE("dbgbcr0_el1", 0x1e7);
    });
    std::uint64_t left = 1;
    auto const r = attempt([&left] { asm volatile("mrs %0, dbgbcr0_el1" : "=r"(left)); });
    return first_of(expect_quiet(s), expect_quiet(r), left == 0 ? nullptr : "a breakpoint register kept its value");
}

Verdict identification_hides_the_hidden() {
    auto const s = attempt([] { READ("S3_0_C0_C7_7"); });  // a reserved ID register: reads as zero
    auto const counters = TIFFIN_READ(id_aa64dfr0_el1) >> 8 & 0xf;
    auto const sve = TIFFIN_READ(id_aa64pfr0_el1) >> 32 & 0xf;
    return first_of(expect_quiet(s), counters == 0 ? nullptr : "ID_AA64DFR0_EL1.PMUVer",
                    sve == 0 ? nullptr : "ID_AA64PFR0_EL1.SVE");
}

Verdict write_identification() {
    return expect_undefined(attempt([] { WRITE("S3_0_C0_C4_0", 0); }));
}

Verdict implementation_defined() {
    return first_of(expect_undefined(attempt([] { READ("S3_0_C11_C0_0"); })),
                    expect_undefined(attempt([] { WRITE("S3_0_C15_C0_0", ~0ull); })));
}

Verdict auxiliary_control() {
    return expect_quiet(attempt([] {
        READ("actlr_el1");
        WRITE("actlr_el1", ~0ull);
    }));
}

/// With the guest's own trap open (CPACR_EL1.ZEN, FPEN), or it would be the guest's own doing.
Verdict sve_registers() {
    auto const before = TIFFIN_READ(cpacr_el1);
    TIFFIN_WRITE(cpacr_el1, before | 3ull << 16 | 3ull << 20);
    auto const s = attempt([] { READ("S3_0_C1_C2_0"); });  // ZCR_EL1
    TIFFIN_WRITE(cpacr_el1, before);
    return expect_undefined(s);
}

/// Pointer-authentication keys: a VM's own where the CPU has them, undefined elsewhere. Nobody else's ever.
Verdict authentication_keys() {
    bool const exist = (TIFFIN_READ(S3_0_C0_C6_1) & 0xff0) != 0;    // ID_AA64ISAR1_EL1.APA, API
    auto const s = attempt([] { WRITE("S3_0_C2_C1_0", 0x1234); });  // APIAKeyLo_EL1
    return exist ? expect_quiet(s) : expect_undefined(s);
}

Verdict undefined_instruction() {
    return expect_undefined(attempt([] { asm volatile(".inst 0"); }));
}

Verdict breakpoint_instruction() {
    return attempt([] { asm volatile("brk #1"); }).ec == Ec::Brk ? nullptr : "no BRK exception";
}

Verdict halt_instruction() {
    return expect_undefined(attempt([] { asm volatile("hlt #0xf000"); }));
}

/// ERET to a mode that EL1 may not enter: it stays at EL1 and sets PSTATE.IL (Arm ARM, "Illegal return events from AArch64
/// state").
Verdict return_to(std::uint64_t mode) {
    auto const s = attempt([mode] {
        asm volatile("adr x9, 1f; msr elr_el1, x9; msr spsr_el1, %0; eret; 1: nop" : : "r"(0x3c0 | mode) : "x9", "memory");
    });
    tiffin::sdk::unmask_interrupts();
    return s.ec == Ec::IllegalState ? nullptr : "no illegal-state exception";
}
Verdict return_to_el2() { return first_of(return_to(0b1001), return_to(0b1000)); }          // EL2h, EL2t
Verdict return_to_el3() { return first_of(return_to(0b1101), return_to(0b1100)); }          // EL3h, EL3t
Verdict return_to_aarch32() { return first_of(return_to(0b1'0011), return_to(0b1'1010)); }  // Supervisor, Hyp

/// The app never uses them, so what they hold is what the hypervisor left: another VM's, if it is not zero.
Verdict floating_point_holds_nothing() {
    alignas(16) std::uint64_t registers[64];
    auto const before = TIFFIN_READ(cpacr_el1);
    TIFFIN_WRITE(cpacr_el1, before | 3ull << 20);  // FPEN
    auto const s = attempt([&registers] {
        asm volatile(
            ".arch_extension fp; .arch_extension simd; mov x9, %0;"
            "st1 {v0.2d-v3.2d}, [x9], #64; st1 {v4.2d-v7.2d}, [x9], #64; st1 {v8.2d-v11.2d}, [x9], #64; st1 {v12.2d-v15.2d}, "
            "[x9], #64;"
            "st1 {v16.2d-v19.2d}, [x9], #64; st1 {v20.2d-v23.2d}, [x9], #64; st1 {v24.2d-v27.2d}, [x9], #64; st1 "
            "{v28.2d-v31.2d}, [x9]"
            :
            : "r"(registers)
            : "x9", "memory");
    });
    TIFFIN_WRITE(cpacr_el1, before);
    std::uint64_t any = 0;
    for (auto const half : registers) any |= half;
    return first_of(expect_quiet(s), any == 0 ? nullptr : "somebody's numbers");
}

Verdict misaligned_program_counter() {
    auto const s = attempt([] { jump_to(0x4000'0002); });
    return s.ec == Ec::PcAlignment ? nullptr : "no PC alignment fault";
}

/// QEMU's TCG does not check the alignment; a CPU does.
Verdict misaligned_stack_pointer() {
    auto const s = attempt([] {
        asm volatile("mov x9, sp; sub x10, x9, #8; mov sp, x10; ldr x10, [sp]; mov sp, x9" : : : "x9", "x10", "memory");
    });
    return s.faults == 0 || s.ec == Ec::SpAlignment ? nullptr : "another exception class";
}

Verdict event_games() {
    return expect_quiet(attempt([] {
        for (unsigned i = 0; i < 1000; ++i) asm volatile("sev; wfe; sevl; wfe; yield");
    }));
}

/// WFI wakes for a pending interrupt whether PSTATE masks it or not.
Verdict sleep_masked_until_the_timer() {
    using namespace tiffin::sdk;
    InterruptsMasked const masked;
    interrupts::enable(timer::intid, 0x80, [](std::uint32_t, void*) { timer::cancel(); });
    auto const deadline = timer::now() + timer::from_us(1000);
    timer::set_deadline(deadline);
    auto const s = attempt([deadline] {
        while (timer::now() < deadline) asm volatile("wfi" : : : "memory");
    });
    timer::cancel();
    return expect_quiet(s);
}

constexpr Case cases[] = {
    {"read-el2-registers", read_el2_registers},
    {"write-el2-registers", write_el2_registers},
    {"touch-el3-registers", touch_el3_registers},
    {"flush-el2-tlb", flush_el2_tlb},
    {"flush-own-tlb", flush_own_tlb},
    {"set-way-maintenance", set_way_maintenance},
    {"performance-counters", performance_counters},
    {"debug-registers", debug_registers},
    {"identification-hides-the-hidden", identification_hides_the_hidden},
    {"write-identification", write_identification},
    {"implementation-defined", implementation_defined},
    {"auxiliary-control", auxiliary_control},
    {"sve-registers", sve_registers},
    {"authentication-keys", authentication_keys},
    {"undefined-instruction", undefined_instruction},
    {"breakpoint-instruction", breakpoint_instruction},
    {"halt-instruction", halt_instruction},
    {"return-to-el2", return_to_el2},
    {"return-to-el3", return_to_el3},
    {"return-to-aarch32", return_to_aarch32},
    {"floating-point-holds-nothing", floating_point_holds_nothing},
    {"misaligned-program-counter", misaligned_program_counter},
    {"misaligned-stack-pointer", misaligned_stack_pointer},
    {"event-games", event_games},
    {"sleep-masked-until-the-timer", sleep_masked_until_the_timer},
};

}  // namespace

std::span<Case const> cpu_cases() { return cases; }

}  // namespace hostile
