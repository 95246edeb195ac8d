// The machine around the vCPUs: time, translation, caches, identification, and what EL2 is set to.
#include <optional>

#include "arch/aarch64/cpu.hpp"
#include "arch/aarch64/sysreg.hpp"
#include "armv8/timer.hpp"
#include "armv8/translation.hpp"
#include "core/arch.hpp"
#include "core/cpu.hpp"
#include "core/vm/vm.hpp"

extern "C" {
extern char tiffin_vectors[], tiffin_tracing_vectors[], tiffin_secondary_entry[];
/// Who may pass tiffin_secondary_entry (boot.S), and what it sets its MMU to before it can see anything else.
alignas(64) struct SecondaryStart {
    std::uint64_t wanted;  // affinity and bit 31, as in MPIDR_EL1; 0: nobody
    tiffin::Cpu* cpu;
    std::uint64_t mair_el2, tcr_el2, ttbr0_el2, sctlr_el2;
} tiffin_secondary_start;
static_assert(offsetof(SecondaryStart, cpu) == 8 && offsetof(SecondaryStart, sctlr_el2) == 40);
}

namespace tiffin::arch {
namespace {

constinit bool ras = false;  // asked at every switch

/// HCR_EL2 under which every guest runs (Arm ARM, HCR_EL2): stage 2; interrupts and SErrors to EL2; WFI, SMC, set/way
/// maintenance, ID registers, ACTLR and implementation-defined registers trap; TLB and barrier scope inner shareable; AArch64 at
/// EL1; LORegions and RAS registers trap. Pointer authentication (API, APK) and MTE (ATA) bits are 0: they trap too.
constexpr std::uint64_t hcr = bit(0) | bit(1) | bit(2) | bit(3) | bit(4) | bit(5) | bit(9) | bit(10) | bit(13) | bit(18) |
                              bit(19) | bit(20) | bit(21) | bit(22) | bit(31) | bit(35) | bit(36);
/// MDCR_EL2: debug, OS lock, debug ROM, PMU, statistical profiling (TPMS) and trace filter (TTRF) registers trap; bits of
/// features that the processor has not are RES0.
constexpr std::uint64_t mdcr_traps = bit(5) | bit(6) | bit(9) | bit(10) | bit(11) | bit(14) | bit(19);

/// Smallest data cache line, in bytes (CTR_EL0.DminLine: log2 of words).
std::uint64_t line_bytes() { return 4ull << (TIFFIN_READ_SYSREG("ctr_el0") >> 16 & 0xf); }

/// To the point of coherency: a guest that runs with caches off sees it, and no dirty line can overwrite what the guest writes.
/// `at` and `size` are multiples of 4 KiB.
void clean_and_invalidate(Pa at, std::uint64_t size) {
    auto const line = line_bytes();
    auto a = at.raw() & ~(line - 1);
    for (auto const end = at.raw() + size; a != end; a += 4 * line)  // a page is a multiple of four lines
        asm volatile("dc civac, %0\n dc civac, %1\n dc civac, %2\n dc civac, %3" ::"r"(a), "r"(a + line), "r"(a + 2 * line),
                     "r"(a + 3 * line)
                     : "memory");
    asm volatile("dsb sy" ::: "memory");
}

void forget_instructions() { asm volatile("ic ialluis\n dsb ish\n isb" ::: "memory"); }

}  // namespace

std::uint64_t now() { return TIFFIN_READ_SYSREG("cntpct_el0"); }
std::uint64_t frequency() { return TIFFIN_READ_SYSREG("cntfrq_el0"); }

void set_deadline(std::uint64_t deadline) {
    if (deadline == TimerQueue::never) {
        TIFFIN_WRITE_SYSREG("cnthp_ctl_el2", 0);
        return;
    }
    TIFFIN_WRITE_SYSREG("cnthp_cval_el2", deadline);
    TIFFIN_WRITE_SYSREG("cnthp_ctl_el2", armv8::TimerCtl::enable);
}

void wait_for_interrupt() { asm volatile("dsb sy\n wfi" ::: "memory"); }

std::optional<Ipa> translate(Gva at) {
    auto const guests = TIFFIN_READ_SYSREG("par_el1");
    asm volatile("at s1e1r, %0\n isb" ::"r"(at.raw()) : "memory");
    auto const par = TIFFIN_READ_SYSREG("par_el1");
    TIFFIN_WRITE_SYSREG("par_el1", guests);
    if ((par & 1) != 0) return std::nullopt;
    return Ipa{(par & 0x000f'ffff'ffff'f000) | (at.raw() & 0xfff)};
}

void flush_vm(Vm const& vm) {
    auto const loaded = TIFFIN_READ_SYSREG("vttbr_el2");
    TIFFIN_WRITE_SYSREG("vttbr_el2", vm.stage2.vttbr());
    isb();
    asm volatile("dsb ishst\n tlbi vmalls12e1is\n dsb ish\n isb" ::: "memory");
    TIFFIN_WRITE_SYSREG("vttbr_el2", loaded);
    isb();
}

void flush_all_vms() { asm volatile("dsb ishst\n tlbi alle1is\n dsb ish\n isb" ::: "memory"); }

void flush_page(Ipa page) {
    asm volatile("dsb ishst\n tlbi ipas2e1is, %0\n dsb ish\n tlbi vmalle1is\n dsb ish\n isb" ::"r"(page.raw() >> 12) : "memory");
}

void publish_tables() { asm volatile("dsb ishst\n isb" ::: "memory"); }

void copy_page(Pa to, Pa from) {
    auto d = to.raw(), s = from.raw();
    auto const end = s + page_size;
    // 128 bytes a round: the copies of a booting Linux are most of what the hypervisor costs it.
    asm volatile(
        "1: ldp x2, x3, [%1]\n ldp x4, x5, [%1, #16]\n ldp x6, x7, [%1, #32]\n ldp x8, x9, [%1, #48]\n"
        "ldp x10, x11, [%1, #64]\n ldp x12, x13, [%1, #80]\n ldp x14, x15, [%1, #96]\n ldp x16, x17, [%1, #112]\n"
        "stp x2, x3, [%0]\n stp x4, x5, [%0, #16]\n stp x6, x7, [%0, #32]\n stp x8, x9, [%0, #48]\n"
        "stp x10, x11, [%0, #64]\n stp x12, x13, [%0, #80]\n stp x14, x15, [%0, #96]\n stp x16, x17, [%0, #112]\n"
        "add %1, %1, #128\n add %0, %0, #128\n cmp %1, %2\n b.ne 1b"
        : "+r"(d), "+r"(s)
        : "r"(end)
        : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "cc", "memory");
    clean_and_invalidate(to, page_size);
    forget_instructions();
}

namespace {

/// By SIMD registers, which belong to whichever vCPU used them last: they keep what they had. `bytes`: a multiple of 256, and not 0.
void copy_wide(void*& to, void const*& from, std::uint64_t bytes) {
    auto const trapped = TIFFIN_READ_SYSREG("cptr_el2");
    TIFFIN_WRITE_SYSREG("cptr_el2", trapped & ~bit(10));  // TFP, which traps EL2 as well
    auto const* const end = static_cast<std::byte const*>(from) + bytes;
    alignas(16) std::byte kept[8 * 16];
    asm volatile(
        ".arch_extension simd\n isb\n"
        "stp q0, q1, [%2]\n stp q2, q3, [%2, #32]\n stp q4, q5, [%2, #64]\n stp q6, q7, [%2, #96]\n"
        "1: ldp q0, q1, [%1]\n ldp q2, q3, [%1, #32]\n ldp q4, q5, [%1, #64]\n ldp q6, q7, [%1, #96]\n"
        "stp q0, q1, [%0]\n stp q2, q3, [%0, #32]\n stp q4, q5, [%0, #64]\n stp q6, q7, [%0, #96]\n"
        "ldp q0, q1, [%1, #128]\n ldp q2, q3, [%1, #160]\n ldp q4, q5, [%1, #192]\n ldp q6, q7, [%1, #224]\n"
        "stp q0, q1, [%0, #128]\n stp q2, q3, [%0, #160]\n stp q4, q5, [%0, #192]\n stp q6, q7, [%0, #224]\n"
        "add %1, %1, #256\n add %0, %0, #256\n cmp %1, %3\n b.ne 1b\n"
        "ldp q0, q1, [%2]\n ldp q2, q3, [%2, #32]\n ldp q4, q5, [%2, #64]\n ldp q6, q7, [%2, #96]"
        : "+r"(to), "+r"(from)
        : "r"(kept), "r"(end)
        : "cc", "memory");  // no list of SIMD registers: the compiler uses none
    TIFFIN_WRITE_SYSREG("cptr_el2", trapped);
}

}  // namespace

void copy_bytes(void* to, void const* from, std::uint64_t bytes) {
    // Any alignment: EL2's view of RAM is Normal memory. Wide, then 128 bytes a round, then pairs of words, then the rest.
    constexpr std::uint64_t wide = 256;
    if (bytes >= 4 * wide) copy_wide(to, from, bytes / wide * wide), bytes %= wide;
    asm volatile(
        "1: subs %2, %2, #128\n b.lo 2f\n"
        "ldp x3, x4, [%1]\n ldp x5, x6, [%1, #16]\n ldp x7, x8, [%1, #32]\n ldp x9, x10, [%1, #48]\n"
        "ldp x11, x12, [%1, #64]\n ldp x13, x14, [%1, #80]\n ldp x15, x16, [%1, #96]\n ldp x17, x2, [%1, #112]\n"
        "stp x3, x4, [%0]\n stp x5, x6, [%0, #16]\n stp x7, x8, [%0, #32]\n stp x9, x10, [%0, #48]\n"
        "stp x11, x12, [%0, #64]\n stp x13, x14, [%0, #80]\n stp x15, x16, [%0, #96]\n stp x17, x2, [%0, #112]\n"
        "add %1, %1, #128\n add %0, %0, #128\n b 1b\n"
        "2: add %2, %2, #128\n"
        "3: subs %2, %2, #16\n b.lo 4f\n ldp x3, x4, [%1], #16\n stp x3, x4, [%0], #16\n b 3b\n"
        "4: adds %2, %2, #16\n b.eq 6f\n tbz %2, #3, 5f\n ldr x3, [%1], #8\n str x3, [%0], #8\n subs %2, %2, #8\n b.eq 6f\n"
        "5: ldrb w3, [%1], #1\n strb w3, [%0], #1\n subs %2, %2, #1\n b.ne 5b\n"
        "6:"
        : "+r"(to), "+r"(from), "+r"(bytes)
        :
        : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "cc", "memory");
}

void show_bytes(void const* at, std::uint64_t bytes) {
    auto const line = line_bytes();
    auto const from = reinterpret_cast<std::uint64_t>(at);
    for (auto a = from & ~(line - 1); a < from + bytes; a += line) asm volatile("dc civac, %0" ::"r"(a) : "memory");
    asm volatile("dsb sy" ::: "memory");
    forget_instructions();
}

void zero_page(Pa page) {
    auto const block = 4ull << (TIFFIN_READ_SYSREG("dczid_el0") & 0xf);
    for (std::uint64_t at = 0; at < page_size; at += block) asm volatile("dc zva, %0" ::"r"(page.raw() + at) : "memory");
    clean_and_invalidate(page, page_size);
}

// clang-format off
std::uint64_t id_register(unsigned crm, unsigned op2) {
    switch (crm * 8 + op2) {
#define ID(crm, op2) case (crm) * 8 + (op2): return TIFFIN_READ_SYSREG("s3_0_c0_c" #crm "_" #op2);
#define ID_ROW(crm) ID(crm, 0) ID(crm, 1) ID(crm, 2) ID(crm, 3) ID(crm, 4) ID(crm, 5) ID(crm, 6) ID(crm, 7)
        ID_ROW(1) ID_ROW(2) ID_ROW(3) ID_ROW(4) ID_ROW(5) ID_ROW(6) ID_ROW(7)
#undef ID_ROW
#undef ID
        default: return 0;
    }
}
// clang-format on

unsigned current_level() { return static_cast<unsigned>(TIFFIN_READ_SYSREG("CurrentEL") >> 2 & 3); }
bool has_gic_registers() { return (id_register(4, 0) >> 24 & 0xf) != 0; }
bool has_ras() { return ras; }
unsigned physical_range() { return static_cast<unsigned>(id_register(7, 0) & 0xf); }
bool has_vmid16() { return (id_register(7, 1) >> 4 & 0xf) == 2; }
std::uint64_t affinity() { return TIFFIN_READ_SYSREG("mpidr_el1") & 0xff'00ff'ffff; }

std::uint64_t hardware_random() {
    if ((id_register(6, 0) >> 60 & 0xf) == 0) return 0;
    return TIFFIN_READ_SYSREG("s3_3_c2_c4_0");  // RNDR
}

void enable_translation(Pa root, Pa from, Pa to) {
    auto const line = line_bytes();
    for (auto a = from.raw(); a < to.raw(); a += line) asm volatile("dc ivac, %0" ::"r"(a) : "memory");
    asm volatile("dsb sy" ::: "memory");
    auto const range = physical_range() < 5 ? physical_range() : 5;
    TIFFIN_WRITE_SYSREG("mair_el2", armv8::Stage1El2::mair);
    TIFFIN_WRITE_SYSREG("tcr_el2", armv8::Stage1El2::tcr(range));
    TIFFIN_WRITE_SYSREG("ttbr0_el2", root.raw());
    asm volatile("isb\n tlbi alle2\n dsb nsh\n isb" ::: "memory");
    TIFFIN_WRITE_SYSREG("sctlr_el2", armv8::Stage1El2::sctlr);
    isb();
}

namespace {

/// Controls of later architectures whose reset value is unknown: all off. Fine-grained traps (FEAT_FGT) and HCRX_EL2 (FEAT_HCX).
void clear_newer_controls() {
    if ((id_register(7, 1) >> 40 & 0xf) != 0) TIFFIN_WRITE_SYSREG("s3_4_c1_c2_2", 0);  // HCRX_EL2
    if ((id_register(7, 0) >> 56 & 0xf) == 0) return;
    TIFFIN_WRITE_SYSREG("s3_4_c1_c1_4", 0);  // HFGRTR_EL2
    TIFFIN_WRITE_SYSREG("s3_4_c1_c1_5", 0);  // HFGWTR_EL2
    TIFFIN_WRITE_SYSREG("s3_4_c1_c1_6", 0);  // HFGITR_EL2
    TIFFIN_WRITE_SYSREG("s3_4_c3_c1_4", 0);  // HDFGRTR_EL2
    TIFFIN_WRITE_SYSREG("s3_4_c3_c1_5", 0);  // HDFGWTR_EL2
}

/// Does somebody want to know of every switch: a trace, or a debugger?
bool watched() {
    if (machine.plan->header().trace_bytes != 0) return true;
    for (auto const& vm : machine.plan->vms())
        if ((vm.flags & abi::vm_may_debug) != 0) return true;
    return false;
}

}  // namespace

void configure_el2() {
    auto const* const vectors = watched() ? tiffin_tracing_vectors : tiffin_vectors;
    TIFFIN_WRITE_SYSREG("vbar_el2", reinterpret_cast<std::uint64_t>(vectors));
    TIFFIN_WRITE_SYSREG("hcr_el2", hcr);
    // MDCR_EL2.HPMN: all counters, where there are any; zero needs FEAT_HPMN0.
    auto const pmu = id_register(5, 0) >> 8 & 0xf;
    auto const counters = pmu == 0 || pmu == 0xf ? 0 : TIFFIN_READ_SYSREG("pmcr_el0") >> 11 & 0x1f;
    TIFFIN_WRITE_SYSREG("mdcr_el2", mdcr_traps | counters);
    clear_newer_controls();
    ras = (id_register(4, 0) >> 28 & 0xf) != 0;
    TIFFIN_WRITE_SYSREG("hstr_el2", 0);
    if ((id_register(4, 0) >> 40 & 0xf) != 0)
        TIFFIN_WRITE_SYSREG("s3_4_c10_c5_0", bit(48) | bit(49));  // MPAM2_EL2: MPAM at EL1, EL0 traps
    TIFFIN_WRITE_SYSREG("cnthctl_el2", armv8::cnthctl);
    TIFFIN_WRITE_SYSREG("cnthp_ctl_el2", 0);
    TIFFIN_WRITE_SYSREG("cntv_ctl_el0", 0);
    TIFFIN_WRITE_SYSREG("vpidr_el2", TIFFIN_READ_SYSREG("midr_el1"));
    asm volatile("isb\n tlbi alle1is\n dsb ish\n isb" ::: "memory");
}

Cpu& this_cpu() { return *reinterpret_cast<Vcpu const*>(TIFFIN_READ_SYSREG("tpidr_el2"))->cpu; }

/// TPIDR_EL2 points at the vCPU that this core entered last. Before the first one it points so that the core's own `self` is found
/// where a vCPU has its `cpu`.
void set_this_cpu(Cpu& cpu) {
    TIFFIN_WRITE_SYSREG("tpidr_el2", reinterpret_cast<std::uint64_t>(&cpu.self) - offsetof(Vcpu, cpu));
}

void relax() { asm volatile("yield" ::: "memory"); }

void halt() {
    for (;;) asm volatile("wfi");
}

void release_core(Pa word) {
    asm volatile("dc civac, %0\n dsb sy\n str %1, [%0]\n dsb sy\n sev" ::"r"(word.raw()), "r"(tiffin_secondary_entry) : "memory");
}

void expect_core(std::uint64_t affinity, Cpu& cpu) {
    // The core reads with its MMU and caches off: the rest is in memory before the word that lets it read that.
    auto const clean = [] {
        for (auto at = reinterpret_cast<std::uint64_t>(&tiffin_secondary_start), end = at + sizeof(SecondaryStart); at < end;
             at += line_bytes())
            asm volatile("dc cvac, %0" ::"r"(at) : "memory");
        asm volatile("dsb sy" ::: "memory");
    };
    tiffin_secondary_start = {.wanted = 0,
                              .cpu = &cpu,
                              .mair_el2 = armv8::Stage1El2::mair,
                              .tcr_el2 = TIFFIN_READ_SYSREG("tcr_el2"),
                              .ttbr0_el2 = TIFFIN_READ_SYSREG("ttbr0_el2"),
                              .sctlr_el2 = TIFFIN_READ_SYSREG("sctlr_el2")};
    clean();
    tiffin_secondary_start.wanted = affinity | bit(31);
    clean();
    asm volatile("sev");
}

std::int64_t turn_on_core(std::uint64_t affinity) {
    register std::uint64_t x0 asm("x0") = 0xc400'0003;  // PSCI CPU_ON
    register std::uint64_t x1 asm("x1") = affinity;
    register std::uint64_t x2 asm("x2") = reinterpret_cast<std::uint64_t>(tiffin_secondary_entry);
    register std::uint64_t x3 asm("x3") = 0;
    asm volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    return static_cast<std::int32_t>(x0);
}

namespace {

[[noreturn]] void call_firmware(std::uint64_t function) {
    auto const conduit = machine.plan == nullptr ? abi::PsciConduit::Smc : machine.plan->board().psci;
    register std::uint64_t x0 asm("x0") = function;
    if (current_level() == 1) {  // started where we cannot work: the firmware, if any, is a hypervisor
        asm volatile("hvc #0" : "+r"(x0)::"memory", "x1", "x2", "x3");
    } else if (conduit == abi::PsciConduit::Smc) {
        asm volatile("smc #0" : "+r"(x0)::"memory", "x1", "x2", "x3");
    }
    for (;;) asm volatile("wfi");
}

}  // namespace

void power_off() { call_firmware(0x8400'0008); }  // PSCI SYSTEM_OFF
void reboot() { call_firmware(0x8400'0009); }     // PSCI SYSTEM_RESET

}  // namespace tiffin::arch
