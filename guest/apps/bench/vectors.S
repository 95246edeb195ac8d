// The bench's own vectors: the second instruction of an interrupt's handler reads the counter. All else is the SDK's.
#include "guest/sdk/frame.h"

    .macro  stamped
    .balign 0x80
    msr     tpidr_el1, x0
    mrs     x0, cntvct_el0
    sub     sp, sp, #FRAME_BYTES
    str     x1, [sp, #8]
    adrp    x1, bench_stamp
    str     x0, [x1, :lo12:bench_stamp]
    mrs     x0, tpidr_el1
    str     x0, [sp]
    b       tiffin_interrupt_entry
    .endm

    .macro  as_sdk offset
    .balign 0x80
    b       tiffin_vectors + \offset
    .endm

    .section .text.vectors, "ax"
    .balign 0x800
    .global bench_vectors
bench_vectors:
    as_sdk  0x000
    stamped
    as_sdk  0x100
    as_sdk  0x180
    as_sdk  0x200
    stamped
    as_sdk  0x300
    as_sdk  0x380
    as_sdk  0x400
    as_sdk  0x480
    as_sdk  0x500
    as_sdk  0x580
    as_sdk  0x600
    as_sdk  0x680
    as_sdk  0x700
    as_sdk  0x780
