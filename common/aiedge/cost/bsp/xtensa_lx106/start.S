// Start-up code of the LX106, and its call to the emulator. Functions get their arguments in a2, a3, ... (call0).
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
2:  call0   main                // main() ends the emulation itself
3:  j       3b

// int simcall(int operation, int a, const void *b, int c)
    .global simcall
    .align  4
simcall:
    simcall
    ret
