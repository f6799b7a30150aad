// Start-up code of an emulated core with the ESP32's instructions, and its call to the emulator. The core is QEMU's
// DE212, which has all of those that the engine uses but MULSH and MULUH, the high words of products: its exception
// handler calculates them. The counter of instructions leaves out what lies between uncounted and uncounted_end.
    .section .reset, "ax"
    .global reset
reset:
    j       1f
    .align  4
address:
    .word   start                   // l32r reads only what lies before it
1:  l32r    a0, address
    jx      a0

    .section .text.start, "ax"
    .align  4
start:
    movi    a1, stack_top
    movi    a2, bss_start
    movi    a3, bss_end
    movi    a4, 0
1:  bgeu    a2, a3, 2f
    s32i    a4, a2, 0
    addi    a2, a2, 4
    j       1b
2:  movi    a2, uncounted
    wsr     a2, vecbase
    // The windowed kernels need one window that is in use, and PS.WOE. In the state of an exception no loop would loop.
    movi    a2, 0
    .byte   0x20, 0x48, 0x13        // wsr a2, windowbase
    movi    a2, 1
    .byte   0x20, 0x49, 0x13        // wsr a2, windowstart
    rsync
    slli    a2, a2, 18
    wsr     a2, ps
    rsync
    call0   main                    // main() ends the emulation itself
3:  j       3b

// int simcall(int operation, int a, const void *b, int c)
    .global simcall
    .align  4
simcall:
    simcall
    ret

    .section .vectors, "ax"
    .global uncounted, uncounted_end
    .align  4
uncounted:
    .space  0x300
    j       trap                    // kernel exception: VECBASE + 0x300
    .space  0x340 - 0x303
    j       trap                    // user exception
    .space  0x3c0 - 0x343
    j       fail                    // double exception
    .align  4
registers_address:
    .word   registers
trap:
    wsr     a2, excsave1
    l32r    a2, registers_address
    s32i    a0, a2, 0
    s32i    a1, a2, 4
    .irp r, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    s32i    a\r, a2, 4 * \r
    .endr
    rsr     a3, excsave1
    s32i    a3, a2, 8
    rsr     a4, epc1
    l8ui    a5, a4, 0               // t, 0
    l8ui    a6, a4, 1               // r, s
    l8ui    a7, a4, 2               // 0xb2 is MULSH, 0xa2 MULUH
    extui   a8, a5, 0, 4
    bnez    a8, fail
    extui   a10, a6, 0, 4
    addx4   a10, a10, a2
    l32i    a10, a10, 0             // u
    extui   a11, a5, 4, 4
    addx4   a11, a11, a2
    l32i    a11, a11, 0             // v
    extui   a6, a6, 4, 4
    addx4   a6, a6, a2              // where the result goes
    extui   a12, a10, 0, 16
    extui   a13, a11, 0, 16
    movi    a8, 0xb2
    movi    a9, 0xa2
    beq     a7, a8, 1f
    bne     a7, a9, fail
    extui   a10, a10, 16, 16
    extui   a11, a11, 16, 16
    j       2f
1:  srai    a10, a10, 16
    srai    a11, a11, 16
2:  mull    a14, a12, a13           // of 16-bit halves
    extui   a14, a14, 16, 16
    mull    a15, a10, a13
    add     a15, a15, a14
    extui   a14, a15, 0, 16
    mull    a12, a12, a11
    add     a14, a14, a12
    mull    a10, a10, a11
    beq     a7, a8, 3f
    extui   a15, a15, 16, 16
    extui   a14, a14, 16, 16
    j       4f
3:  srai    a15, a15, 16
    srai    a14, a14, 16
4:  add     a10, a10, a15
    add     a10, a10, a14
    s32i    a10, a6, 0
    addi    a4, a4, 3
    .byte   0x50, 0x01, 0x03        // rsr a5, lend
    beq     a4, a5, fail            // a loop that ends here would not go on
    wsr     a4, epc1
    l32i    a0, a2, 0
    l32i    a1, a2, 4
    .irp r, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    l32i    a\r, a2, 4 * \r
    .endr
    l32i    a2, a2, 8
    rfe
fail:                               // anything else ends the emulation
    movi    a3, 99
    movi    a2, 1
    simcall
    j       fail
uncounted_end:

    .section .bss
    .align  4
registers:
    .space  64
