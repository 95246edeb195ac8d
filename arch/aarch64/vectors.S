// EL2's exception vectors: the way in from a guest, and the way back.
//
// While a guest runs, SP_EL2 points to its Vcpu, whose first member is the register frame; TPIDR_EL2 does too. An exception saves
// only what C++ may clobber (x0-x18, x29, x30); C++ keeps x19-x28 by itself. What needs the whole frame (an emulated load into
// x20, a switch) saves the rest. EL2 runs with interrupts masked throughout, so ELR_EL2 and SPSR_EL2 stay as they are unless the
// vCPU changes. Offsets are checked in core/vm/vcpu.hpp.
//
// There are two tables. The second is used when the plan asks for a trace: it reads the counter on the way in, and calls the
// tracing entries of hypervisor/entry.cpp. The first knows nothing of that.

#define FRAME_PC    248
#define FRAME_STACK 264

    .macro  save_clobbered traced=0
    stp     x0, x1, [sp, #0]
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    .if     \traced
    mrs     x4, cntpct_el0      // when the path began, but for these three stores
    .endif
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    str     x18, [sp, #144]
    stp     x29, x30, [sp, #232]
    mov     x0, sp
    ldr     x1, [sp, #FRAME_STACK]
    mov     x29, xzr            // a backtrace ends here
    .endm

    .macro  save_rest vcpu      // clobbers x8, x9
    stp     x19, x20, [\vcpu, #152]
    stp     x21, x22, [\vcpu, #168]
    stp     x23, x24, [\vcpu, #184]
    stp     x25, x26, [\vcpu, #200]
    stp     x27, x28, [\vcpu, #216]
    mrs     x8, elr_el2
    mrs     x9, spsr_el2
    stp     x8, x9, [\vcpu, #FRAME_PC]
    .endm

    .text
    .balign 2048
    .global tiffin_vectors
tiffin_vectors:
    // Current EL with SP_EL0: never used.
    .rept   4
    .balign 128
    b       el2_exception
    .endr
    // Current EL with SP_EL2: a fault of our own.
    .rept   4
    .balign 128
    b       el2_exception
    .endr
    // Lower EL, AArch64, then AArch32 (applications at EL0).
    .rept   2
    .balign 128                 // synchronous
    save_clobbered
    mov     sp, x1
    mrs     x1, esr_el2
    lsr     x2, x1, #26
    cmp     x2, #0x16           // HVC from AArch64
    b.ne    on_synchronous
    bl      tiffin_on_hypercall
    b       leave
    .balign 128                 // IRQ
    save_clobbered
    mov     sp, x1
    bl      tiffin_on_interrupt
    b       leave
    .balign 128                 // FIQ: HCR_EL2.FMO sends them here, but every interrupt is group 1: it would be a bug of ours
    b       el2_exception
    .balign 128                 // SError
    save_clobbered
    mov     sp, x1
    save_rest x0
    bl      tiffin_on_serror
    b       leave_whole
    .endr

    .balign 2048
    .global tiffin_tracing_vectors
tiffin_tracing_vectors:
    .rept   8                   // current EL
    .balign 128
    b       el2_exception
    .endr
    .rept   2                   // lower EL; x4 is the time of entry
    .balign 128                 // synchronous
    save_clobbered traced=1
    mov     sp, x1
    mrs     x1, esr_el2
    lsr     x2, x1, #26
    cmp     x2, #0x16
    b.ne    on_traced_synchronous
    mov     x1, x4
    bl      tiffin_traced_hypercall
    b       traced_leave
    .balign 128                 // IRQ
    save_clobbered traced=1
    mov     sp, x1
    mov     x1, x4
    bl      tiffin_traced_interrupt
    b       traced_leave
    .balign 128                 // FIQ
    b       el2_exception
    .balign 128                 // SError
    save_clobbered traced=1
    mov     sp, x1
    save_rest x0
    mov     x1, x4
    bl      tiffin_traced_serror
    b       traced_leave_whole
    .endr

on_traced_synchronous:
    save_rest x0
    mrs     x2, far_el2
    mrs     x3, hpfar_el2
    bl      tiffin_traced_synchronous
traced_leave_whole:
    cbnz    w0, traced_switch
    b       leave_whole
traced_leave:
    cbz     w0, leave
    mrs     x0, tpidr_el2
    save_rest x0
traced_switch:
    mrs     x0, tpidr_el2
    bl      tiffin_traced_switch
    b       tiffin_enter

on_synchronous:                 // x0 vCPU, x1 ESR
    save_rest x0
    mrs     x2, far_el2
    mrs     x3, hpfar_el2
    bl      tiffin_on_synchronous
leave_whole:                    // the frame is complete, and C++ may have changed any of it
    cbnz    w0, switch_whole
    mrs     x0, tpidr_el2
    b       enter_whole

leave:                          // x19-x28 were never touched
    cbnz    w0, switch
    mrs     x0, tpidr_el2
    mov     sp, x0
restore_clobbered:
    ldp     x29, x30, [sp, #232]
    ldr     x18, [sp, #144]
    ldp     x16, x17, [sp, #128]
    ldp     x14, x15, [sp, #112]
    ldp     x12, x13, [sp, #96]
    ldp     x10, x11, [sp, #80]
    ldp     x8, x9, [sp, #64]
    ldp     x6, x7, [sp, #48]
    ldp     x4, x5, [sp, #32]
    ldp     x2, x3, [sp, #16]
    ldp     x0, x1, [sp, #0]
    eret
    dsb     nsh                 // stops speculation past the exception return
    isb

switch:
    mrs     x0, tpidr_el2
    save_rest x0
switch_whole:
    mrs     x0, tpidr_el2
    bl      tiffin_switch       // who runs next
    .global tiffin_enter
tiffin_enter:                   // x0 vCPU
    msr     tpidr_el2, x0
enter_whole:
    ldp     x8, x9, [x0, #FRAME_PC]
    msr     elr_el2, x8
    msr     spsr_el2, x9
    mov     sp, x0
    ldp     x19, x20, [x0, #152]
    ldp     x21, x22, [x0, #168]
    ldp     x23, x24, [x0, #184]
    ldp     x25, x26, [x0, #200]
    ldp     x27, x28, [x0, #216]
    b       restore_clobbered

// An exception taken from EL2 itself is a bug of ours. The stack may be what failed, so registers go to a fixed place, and the
// report runs on a stack of its own. TPIDR_EL0 is the guest's, but no guest will run again.
el2_exception:
    msr     tpidr_el0, x0
    msr     tpidrro_el0, x1
    mrs     x1, sctlr_el2
    tbz     x1, #0, 2f          // exclusives need the MMU; before that only one core runs
    msr     tpidr_el1, x2
    adrp    x0, tiffin_fault_taken
    add     x0, x0, :lo12:tiffin_fault_taken
1:  ldaxr   w1, [x0]
    cbnz    w1, 3f              // another core reports, or this one faulted while it did
    mov     w1, #1
    stlxr   w2, w1, [x0]
    cbnz    w2, 1b
    mrs     x2, tpidr_el1
2:  mrs     x1, tpidrro_el0
    adrp    x0, tiffin_fault_frame
    add     x0, x0, :lo12:tiffin_fault_frame
    stp     x2, x3, [x0, #16]
    stp     x4, x5, [x0, #32]
    stp     x6, x7, [x0, #48]
    stp     x8, x9, [x0, #64]
    stp     x10, x11, [x0, #80]
    stp     x12, x13, [x0, #96]
    stp     x14, x15, [x0, #112]
    stp     x16, x17, [x0, #128]
    stp     x18, x19, [x0, #144]
    stp     x20, x21, [x0, #160]
    stp     x22, x23, [x0, #176]
    stp     x24, x25, [x0, #192]
    stp     x26, x27, [x0, #208]
    stp     x28, x29, [x0, #224]
    mov     x2, sp
    stp     x30, x2, [x0, #240]
    mrs     x2, tpidr_el0
    stp     x2, x1, [x0, #0]
    mrs     x2, elr_el2
    mrs     x3, spsr_el2
    stp     x2, x3, [x0, #256]
    mrs     x2, esr_el2
    mrs     x3, far_el2
    stp     x2, x3, [x0, #272]
    adrp    x2, __emergency_stack_top
    mov     sp, x2
    b       tiffin_on_el2_exception
3:  wfi
    b       3b
