// What moves when another vCPU gets the core, and nothing else.
#include "arch/aarch64/cpu.hpp"
#include "arch/aarch64/gic_interface.hpp"
#include "arch/aarch64/sysreg.hpp"
#include "armv8/pstate.hpp"
#include "core/arch.hpp"
#include "core/cpu.hpp"
#include "core/vm/vm.hpp"

namespace tiffin::arch {
namespace {

// The one list of what a guest's EL1 and EL0 consist of, in the order and in pairs as El1Regs has them: two registers a store or
// load.
// clang-format off
#define TIFFIN_EL1_PAIRS(X)                                                                                          \
    X(0, "sctlr_el1", "cpacr_el1")     X(16, "ttbr0_el1", "ttbr1_el1")     X(32, "tcr_el1", "mair_el1")              \
    X(48, "amair_el1", "vbar_el1")     X(64, "contextidr_el1", "esr_el1")  X(80, "afsr0_el1", "afsr1_el1")           \
    X(96, "far_el1", "par_el1")        X(112, "elr_el1", "spsr_el1")       X(128, "sp_el0", "sp_el1")                \
    X(144, "tpidr_el0", "tpidrro_el0") X(160, "tpidr_el1", "cntkctl_el1")  X(176, "csselr_el1", "cntv_cval_el0")
// clang-format on

static_assert(offsetof(El1Regs, ttbr0) == 16 && offsetof(El1Regs, amair) == 48 && offsetof(El1Regs, far) == 96);
static_assert(offsetof(El1Regs, sp_el0) == 128 && offsetof(El1Regs, cntv_cval) == 184);

/// CPTR_EL2: SVE, SME, activity monitors (TAM) and trace trap always; FP/SIMD while the registers belong to another vCPU (Arm
/// ARM, CPTR_EL2 when E2H is 0).
constexpr std::uint64_t cptr_fp_allowed = 0x33ff | bit(20) | bit(30), cptr_fp_trapped = cptr_fp_allowed | bit(10);

void save_fp(FpRegs& to) {
    asm volatile(
        ".arch_extension fp\n .arch_extension simd\n"
        "stp q0, q1, [%0, #0]\n stp q2, q3, [%0, #32]\n stp q4, q5, [%0, #64]\n stp q6, q7, [%0, #96]\n"
        "stp q8, q9, [%0, #128]\n stp q10, q11, [%0, #160]\n stp q12, q13, [%0, #192]\n stp q14, q15, [%0, #224]\n"
        "stp q16, q17, [%0, #256]\n stp q18, q19, [%0, #288]\n stp q20, q21, [%0, #320]\n stp q22, q23, [%0, #352]\n"
        "stp q24, q25, [%0, #384]\n stp q26, q27, [%0, #416]\n stp q28, q29, [%0, #448]\n stp q30, q31, [%0, #480]\n" ::"r"(to.v)
        : "memory");
    to.fpcr = TIFFIN_READ_SYSREG("s3_3_c4_c4_0");
    to.fpsr = TIFFIN_READ_SYSREG("s3_3_c4_c4_1");
}

/// FPCR and FPSR by number: with link-time optimisation Clang assembles each piece for a processor without FP.
void load_fp(FpRegs const& from) {
    asm volatile(
        ".arch_extension fp\n .arch_extension simd\n"
        "ldp q0, q1, [%0, #0]\n ldp q2, q3, [%0, #32]\n ldp q4, q5, [%0, #64]\n ldp q6, q7, [%0, #96]\n"
        "ldp q8, q9, [%0, #128]\n ldp q10, q11, [%0, #160]\n ldp q12, q13, [%0, #192]\n ldp q14, q15, [%0, #224]\n"
        "ldp q16, q17, [%0, #256]\n ldp q18, q19, [%0, #288]\n ldp q20, q21, [%0, #320]\n ldp q22, q23, [%0, #352]\n"
        "ldp q24, q25, [%0, #384]\n ldp q26, q27, [%0, #416]\n ldp q28, q29, [%0, #448]\n ldp q30, q31, [%0, #480]\n" ::"r"(
            from.v)
        : "memory");
    TIFFIN_WRITE_SYSREG("s3_3_c4_c4_0", from.fpcr);
    TIFFIN_WRITE_SYSREG("s3_3_c4_c4_1", from.fpsr);
}

}  // namespace

/// HCR_EL2.VSE: a virtual SError that the guest has not taken yet. It is the vCPU's, not the core's.
constexpr std::uint64_t vse = bit(8);

void save(Vcpu& v) {
    auto& r = v.el1;
    r.cntv_ctl = TIFFIN_READ_SYSREG("cntv_ctl_el0");
    TIFFIN_WRITE_SYSREG("cntv_ctl_el0", 0);
    isb();  // the timer is silent before its interrupt is deactivated or another one's deadline is set
    if (auto const hcr = TIFFIN_READ_SYSREG("hcr_el2"); (hcr & vse) != 0) [[unlikely]] {
        v.serror_pending = true;
        TIFFIN_WRITE_SYSREG("hcr_el2", hcr & ~vse);
    }
#define X(offset, a, b) "mrs x2, " a "\n mrs x3, " b "\n stp x2, x3, [%0, #" #offset "]\n"
    asm volatile(TIFFIN_EL1_PAIRS(X)::"r"(&r) : "x2", "x3", "memory");
#undef X
    save_gic(v.vgic);
}

void load(Vcpu& v) {
    auto const& r = v.el1;
    TIFFIN_WRITE_SYSREG("vtcr_el2", v.vm->stage2.vtcr());
    TIFFIN_WRITE_SYSREG("vttbr_el2", v.vm->stage2.vttbr());
    TIFFIN_WRITE_SYSREG("vmpidr_el2", v.vmpidr);
    TIFFIN_WRITE_SYSREG("cntvoff_el2", v.cntvoff);
    TIFFIN_WRITE_SYSREG("cptr_el2", v.cpu->fp_owner == &v ? cptr_fp_allowed : cptr_fp_trapped);
#define X(offset, a, b) "ldp x2, x3, [%0, #" #offset "]\n msr " a ", x2\n msr " b ", x3\n"
    asm volatile(TIFFIN_EL1_PAIRS(X)::"r"(&r) : "x2", "x3", "memory");
#undef X
    load_gic(v.vgic);
    if (v.serror_pending) [[unlikely]] {
        v.serror_pending = false;
        pend_serror();
    }
    if (has_ras())
        TIFFIN_WRITE_SYSREG("s3_4_c12_c1_1", 0);  // VDISR_EL2, which is what a guest's DISR_EL1 is: nobody's message to another
    isb();                                        // the offset and the deadline, before the timer may fire
    TIFFIN_WRITE_SYSREG("cntv_ctl_el0", r.cntv_ctl);
}

void take_fp(Vcpu& v) {
    Cpu& cpu = *v.cpu;
    TIFFIN_WRITE_SYSREG("cptr_el2", cptr_fp_allowed);
    isb();
    if (cpu.fp_owner == &v) return;
    if (cpu.fp_owner != nullptr) save_fp(cpu.fp_owner->fp);
    load_fp(v.fp);
    cpu.fp_owner = &v;
}

void put_fp(Vcpu& v) {
    TIFFIN_WRITE_SYSREG("cptr_el2", cptr_fp_allowed);
    isb();
    save_fp(v.fp);
    TIFFIN_WRITE_SYSREG("cptr_el2", cptr_fp_trapped);
    v.cpu->fp_owner = nullptr;
}

void enter_exception(Vcpu& v, std::uint64_t esr, std::uint64_t far) {
    TIFFIN_WRITE_SYSREG("esr_el1", esr);
    TIFFIN_WRITE_SYSREG("far_el1", far);
    TIFFIN_WRITE_SYSREG("elr_el1", v.regs.pc);
    TIFFIN_WRITE_SYSREG("spsr_el1", v.regs.pstate);
    v.regs.pc = vector_base() + armv8::synchronous_vector(v.regs.pstate);
    // Arm ARM, "AArch64.TakeException": condition flags stay, PAN stays or is set (SCTLR_EL1.SPAN), the rest starts clean.
    bool const set_pan = (TIFFIN_READ_SYSREG("sctlr_el1") & bit(23)) == 0 && has_pan();
    v.regs.pstate =
        (v.regs.pstate & (armv8::Spsr::nzcv | armv8::Spsr::pan)) | (set_pan ? armv8::Spsr::pan : 0) | armv8::start_pstate;
}

bool has_pan() { return (id_register(7, 1) >> 20 & 0xf) != 0; }

std::uint64_t vector_base() { return TIFFIN_READ_SYSREG("vbar_el1"); }

void pend_serror() {
    TIFFIN_WRITE_SYSREG("hcr_el2", TIFFIN_READ_SYSREG("hcr_el2") | vse);
    isb();
}

}  // namespace tiffin::arch
