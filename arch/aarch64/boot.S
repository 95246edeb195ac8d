// Where the loader enters: the arm64 Image header, the image's own header, and the first steps until C++ can run.
// Source: Linux "Documentation/arm64/booting.rst" (header, state at entry: MMU off, x0 = device tree); abi/plan.hpp (ImageInfo).

    .section .head, "ax"
    .global tiffin_image
tiffin_image:
    b       entry               // code0
    .long   0                   // code1
    .quad   0                   // text_offset: at the 2 MiB boundary itself
    .quad   0                   // image_size: set by the tool
    .quad   0xa                 // flags: little-endian, 4 KiB pages, anywhere in memory
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0
    // ImageInfo
    .quad   0x474d494e49464654  // image_magic
    .long   4                   // plan_version
    .long   __hypervisor_bytes
    .long   0                   // plan_offset, plan_bytes: set by the tool
    .long   0
    .quad   0

    .text
entry:
    msr     daifset, #0xf
    mov     x19, x0             // the board's device tree
    adrp    x20, tiffin_image   // where we are
    // Position independence: add the load address to every R_AARCH64_RELATIVE (there are no others; the linker script asserts
    // it).
    adrp    x0, __rela_start
    add     x0, x0, :lo12:__rela_start
    adrp    x1, __rela_end
    add     x1, x1, :lo12:__rela_end
1:  cmp     x0, x1
    b.hs    2f
    ldp     x2, x3, [x0]        // r_offset, r_info
    ldr     x4, [x0, #16]       // r_addend
    add     x4, x4, x20
    str     x4, [x20, x2]
    add     x0, x0, #24
    b       1b
2:  mrs     x0, CurrentEL
    cmp     x0, #(2 << 2)
    b.ne    3f                  // C++ says so
    mov     x0, #(1 << 31)      // HCR_EL2: EL1 is AArch64; above all not E2H, which would give every other register another meaning
    msr     hcr_el2, x0
    adrp    x0, tiffin_vectors
    add     x0, x0, :lo12:tiffin_vectors
    msr     vbar_el2, x0        // a fault of our own is told, from here on
    isb
3:  adrp    x0, __stack0_top
    mov     sp, x0
    mov     x29, xzr
    mov     x30, xzr
    mov     x0, x19
    mov     x1, x20
    bl      tiffin_boot         // returns the first vCPU to run
    b       tiffin_enter

// Another core, started by PSCI CPU_ON or out of a spin table: MMU and caches off. It waits until it is wanted, since one word of a spin
// table may let several go. Nothing is read from memory before the MMU is on, but for what expect_core has cleaned to memory.
    .global tiffin_secondary_entry
tiffin_secondary_entry:
    msr     daifset, #0xf
    adrp    x20, tiffin_secondary_start
    add     x20, x20, :lo12:tiffin_secondary_start
    mov     x1, #0xffff         // MPIDR_EL1: affinity, and bit 31, which is always set; so 0 is nobody
    movk    x1, #0x80ff, lsl #16
    movk    x1, #0xff, lsl #32
    mrs     x2, mpidr_el1
    and     x2, x2, x1
5:  ldr     x1, [x20]           // SecondaryStart::wanted
    cmp     x1, x2
    b.eq    6f
    wfe
    b       5b
6:  dsb     sy
    mrs     x0, CurrentEL
    cmp     x0, #(2 << 2)
    b.ne    4f                  // core 0 gives up on us
    mov     x0, #(1 << 31)
    msr     hcr_el2, x0
    adrp    x0, tiffin_vectors
    add     x0, x0, :lo12:tiffin_vectors
    msr     vbar_el2, x0
    ldp     x19, x1, [x20, #8]  // its Cpu, MAIR_EL2
    ldp     x2, x3, [x20, #24]  // TCR_EL2, TTBR0_EL2
    ldr     x4, [x20, #40]      // SCTLR_EL2
    msr     mair_el2, x1
    msr     tcr_el2, x2
    msr     ttbr0_el2, x3
    isb
    tlbi    alle2
    ic      iallu
    dsb     nsh
    isb
    msr     sctlr_el2, x4
    isb
    ldr     x0, [x19]           // Cpu::stack_top
    mov     sp, x0
    mov     x29, xzr
    mov     x30, xzr
    mov     x0, x19
    bl      tiffin_boot_core    // returns the first vCPU to run
    b       tiffin_enter
4:  wfi
    b       4b
