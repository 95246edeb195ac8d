// The debug registers of this core. Only a debugged VM's vCPU ever runs with them; see core/debug/session.hpp.
#include "armv8/debug.hpp"

#include "arch/aarch64/cpu.hpp"
#include "arch/aarch64/sysreg.hpp"
#include "core/arch.hpp"
#include "core/debug/session.hpp"

namespace tiffin::arch {

using debug::Registers;

/// ID_AA64DFR0_EL1 has the number less one; there are at least two. Of three, two are used.
unsigned debug_points(debug::Kind kind) {
    return (id_register(5, 0) >> (kind == debug::Kind::Break ? 12 : 20) & 0xf) < 3 ? 2 : Registers::most;
}

[[gnu::noinline]] void arm_debug(Registers const& r, bool step) {
    TIFFIN_WRITE_SYSREG("oslar_el1", 0);  // locked after a reset: nothing would fire
#define TIFFIN_DEBUG_PAIR(kind, n, index)                                 \
    do {                                                                  \
        TIFFIN_WRITE_SYSREG("dbg" kind "vr" #n "_el1", r.value[index]);   \
        TIFFIN_WRITE_SYSREG("dbg" kind "cr" #n "_el1", r.control[index]); \
    } while (false)
    TIFFIN_DEBUG_PAIR("b", 0, 0);
    TIFFIN_DEBUG_PAIR("b", 1, 1);
    if (debug_points(debug::Kind::Break) > 3) {
        TIFFIN_DEBUG_PAIR("b", 2, 2);
        TIFFIN_DEBUG_PAIR("b", 3, 3);
    }
    TIFFIN_DEBUG_PAIR("w", 0, 4);
    TIFFIN_DEBUG_PAIR("w", 1, 5);
    if (debug_points(debug::Kind::Watch) > 3) {
        TIFFIN_DEBUG_PAIR("w", 2, 6);
        TIFFIN_DEBUG_PAIR("w", 3, 7);
    }
#undef TIFFIN_DEBUG_PAIR
    TIFFIN_WRITE_SYSREG("mdscr_el1", armv8::MdscrEl1::mde | (step ? armv8::MdscrEl1::ss : 0));
    TIFFIN_WRITE_SYSREG("mdcr_el2", TIFFIN_READ_SYSREG("mdcr_el2") | armv8::mdcr_tde);
    isb();
}

void disarm_debug() {
    TIFFIN_WRITE_SYSREG("mdscr_el1", 0);
    TIFFIN_WRITE_SYSREG("mdcr_el2", TIFFIN_READ_SYSREG("mdcr_el2") & ~armv8::mdcr_tde);
    isb();
}

}  // namespace tiffin::arch
