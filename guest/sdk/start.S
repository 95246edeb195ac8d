// First instructions of every app: the arm64 boot protocol (Linux, Documentation/arm64/booting.rst, "Call the kernel image").
// The image starts with the 64-byte Image header, so that QEMU's -kernel, Xen and U-Boot start the flat .bin, and the entry point
// of the ELF is its first byte. x0 = the device tree's address, or 0 where the loader gives none (QEMU with an ELF).
    .section .text.start, "ax"
    .global _start
_start:
    b       start                       // code0
    .long   0                           // code1
    .quad   0                           // text_offset: from the start of RAM
    .quad   __image_size                // with bss and stacks
    .quad   0xa                         // flags: little-endian, 4 KiB pages, anywhere in memory
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0

start:
    mrs     x19, cntpct_el0             // before anything else: on an exact-count machine this is the cost of booting
    mov     x20, x0

    // A loader may have put the flat image elsewhere (QEMU: 2 MiB higher). Code is linked, not position independent: move it.
    adr     x1, _start
    ldr     x2, =_start
    cmp     x1, x2
    b.eq    at_home
    ldr     x3, =__load_end
1:  ldp     x4, x5, [x1], #16
    stp     x4, x5, [x2], #16
    cmp     x2, x3
    b.lo    1b
    dsb     sy
    ic      iallu
    dsb     sy
    isb
    ldr     x1, =at_home
    br      x1

at_home:
    msr     daifset, #0xf
    ldr     x1, =0x30d01818             // SCTLR_EL1: RES1 bits, I, SA, SA0; MMU and data cache off
    msr     sctlr_el1, x1
    ldr     x1, =tiffin_vectors
    msr     vbar_el1, x1
    isb

    // Exceptions run on their own stack (SP_EL1), the app on SP_EL0: an app that spoils its stack pointer can still be told so.
    msr     spsel, #1
    ldr     x1, =__exception_stack_top
    mov     sp, x1
    msr     spsel, #0
    ldr     x1, =__stack_top
    mov     sp, x1

    ldr     x1, =__bss_start
    ldr     x2, =__bss_end
2:  cmp     x1, x2
    b.hs    3f
    stp     xzr, xzr, [x1], #16
    b       2b

3:  msr     daifclr, #4                 // SError is always wanted: masked, it would be reported far from its cause
    mov     x0, x20
    mov     x1, x19
    bl      tiffin_guest_start          // does not return
4:  wfi
    b       4b
