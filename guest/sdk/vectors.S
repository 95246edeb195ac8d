// EL1 exception vectors (Arm ARM, "Exception vectors", table of vector offsets). One full frame for faults, a short one for
// interrupts. The frame's layout is sdk/exception.hpp's Frame.
#include "guest/sdk/frame.h"

    .macro  entry to, kind
    .balign 0x80
    sub     sp, sp, #FRAME_BYTES
    stp     x0, x1, [sp, #0]
    mov     x1, #\kind
    b       \to
    .endm

    .section .text.vectors, "ax"
    .balign 0x800
    .global tiffin_vectors
tiffin_vectors:
    entry   fault, KIND_SYNC            // from EL1 on SP_EL0: where apps run
    entry   interrupt, KIND_IRQ
    entry   fault, KIND_FIQ
    entry   fault, KIND_SERROR
    entry   fault, KIND_SYNC            // from EL1 on SP_EL1: inside a handler
    entry   interrupt, KIND_IRQ
    entry   fault, KIND_FIQ
    entry   fault, KIND_SERROR
    .rept   8                           // from EL0, which the SDK does not use
    entry   fault, KIND_OTHER
    .endr

fault:
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x19, [sp, #144]
    stp     x20, x21, [sp, #160]
    stp     x22, x23, [sp, #176]
    stp     x24, x25, [sp, #192]
    stp     x26, x27, [sp, #208]
    stp     x28, x29, [sp, #224]
    mrs     x2, elr_el1
    mrs     x3, spsr_el1
    mrs     x4, esr_el1
    mrs     x5, far_el1
    mrs     x6, sp_el0
    stp     x30, x2, [sp, #240]
    stp     x3, x4, [sp, #256]
    stp     x5, x6, [sp, #272]
    mov     x0, sp
    bl      tiffin_guest_fault          // (Frame&, kind): returns to go on at frame.pc
    ldp     x30, x2, [sp, #240]
    ldr     x3, [sp, #256]
    ldr     x6, [sp, #280]
    msr     elr_el1, x2
    msr     spsr_el1, x3
    msr     sp_el0, x6
    ldp     x18, x19, [sp, #144]
    ldp     x20, x21, [sp, #160]
    ldp     x22, x23, [sp, #176]
    ldp     x24, x25, [sp, #192]
    ldp     x26, x27, [sp, #208]
    ldr     x28, [sp, #224]
    ldr     x29, [sp, #232]
    b       restore

    .global tiffin_interrupt_entry      // for apps with vectors of their own: sp lowered by FRAME_BYTES, x0 and x1 saved
tiffin_interrupt_entry:
interrupt:
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    str     x18, [sp, #144]
    mrs     x2, elr_el1
    mrs     x3, spsr_el1
    stp     x30, x2, [sp, #240]
    str     x3, [sp, #256]
    bl      tiffin_guest_interrupt
    ldp     x30, x2, [sp, #240]
    ldr     x3, [sp, #256]
    msr     elr_el1, x2
    msr     spsr_el1, x3
    ldr     x18, [sp, #144]
restore:
    ldp     x16, x17, [sp, #128]
    ldp     x14, x15, [sp, #112]
    ldp     x12, x13, [sp, #96]
    ldp     x10, x11, [sp, #80]
    ldp     x8, x9, [sp, #64]
    ldp     x6, x7, [sp, #48]
    ldp     x4, x5, [sp, #32]
    ldp     x2, x3, [sp, #16]
    ldp     x0, x1, [sp, #0]
    add     sp, sp, #FRAME_BYTES
    eret
