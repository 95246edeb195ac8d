// Firmware of a board without PSCI, for tests: QEMU's `-M virt,secure=on,virtualization=on -bios spin_table.bin`, where every core starts
// at EL3 in the flash at 0. It hands the GIC to the non-secure world, and goes down to EL2: core 0 into the image, the others into a
// spin table. Source: Linux "Documentation/arm64/booting.rst".
//
//   table         the loop that the cores wait in (firmware.py reserves this page in the board's device tree)
//   table + 0xf0  where core 0 goes: the test's word
//   table + 0xf8  core 1's word; + 0x100: that of cores 2 and above, who share it, as on boards that have one for all
    .equ    device_tree, 0x40000000     // QEMU puts it at the start of RAM
    .equ    table, 0x40200000
    .equ    gicd, 0x08000000
    .equ    gicc, 0x08010000
    .equ    gicr, 0x080a0000
    .equ    scr, 0x5b1                  // SCR_EL3: NS, RES1, SMC is undefined, HVC is allowed, EL2 is AArch64
    .equ    el2h, 0x3c9                 // SPSR_EL3: EL2 with SP_EL2, everything masked

    .text
    .global _start
_start:
    mrs     x10, mpidr_el1
    and     x10, x10, #0xff             // which core
    mov     w11, #-1
    mrs     x0, id_aa64pfr0_el1
    ubfx    x0, x0, #24, #4
    cbz     x0, gicv2

gicv3:
    mov     x0, #0xf
    msr     s3_6_c12_c12_5, x0          // ICC_SRE_EL3
    isb
    mov     x0, #gicr
    add     x0, x0, x10, lsl #17
    str     wzr, [x0, #0x14]            // GICR_WAKER
1:  ldr     w1, [x0, #0x14]
    tbnz    w1, #2, 1b
    add     x0, x0, #0x10000
    str     w11, [x0, #0x80]            // GICR_IGROUPR0
    mov     w12, #0x30                  // GICD_CTLR: ARE_S, ARE_NS
    b       distributor

gicv2:
    mov     x0, #gicc
    mov     w1, #0xff
    str     w1, [x0, #4]                // GICC_PMR: the non-secure world may set its own
    mov     w12, #0

distributor:
    mov     x0, #gicd
    str     w11, [x0, #0x80]            // GICD_IGROUPR0, of this core on a GICv2
    cbnz    x10, 3f
    str     w12, [x0]
    mov     x1, #0x84
2:  str     w11, [x0, x1]               // GICD_IGROUPRn
    add     x1, x1, #4
    cmp     x1, #0x100
    b.ne    2b

3:  ldr     x13, =table
    adr     x0, wait                    // every core copies the same
    adr     x1, wait_end
    mov     x2, x13
4:  ldr     w3, [x0], #4
    str     w3, [x2], #4
    cmp     x0, x1
    b.ne    4b
    ic      iallu
    dsb     sy
    isb

    mov     x0, #scr
    msr     scr_el3, x0
    msr     cptr_el3, xzr
    ldr     x0, =0x30c50830             // SCTLR_EL2: RES1
    msr     sctlr_el2, x0
    mov     x0, #el2h
    msr     spsr_el3, x0
    cbnz    x10, 5f
    ldr     x0, [x13, #0xf0]
    msr     elr_el3, x0
    ldr     x0, =device_tree
    eret
5:  msr     elr_el3, x13
    add     x5, x13, #0xf8
    cmp     x10, #1
    b.eq    6f
    add     x5, x13, #0x100
6:  eret

wait:
    wfe
    ldr     x4, [x5]
    cbz     x4, wait
    mov     x0, xzr
    mov     x1, xzr
    mov     x2, xzr
    mov     x3, xzr
    br      x4
wait_end:
