// What is one instruction of the ESP32's core, or a few: the LX106's compiler knows of none and calls functions.
    .macro function name
    .section .text.\name, "ax"
    .align  4
    .global \name
\name:
    .endm
    .macro divide name, instruction
    function \name
    .byte   0x30, 0x22, \instruction
    ret
    .endm
    divide  __divsi3, 0xd2          // quos a2, a2, a3
    divide  __udivsi3, 0xc2         // quou a2, a2, a3
    divide  __umodsi3, 0xe2         // remu a2, a2, a3

// Of 64-bit factors, low words first.
    function __muldi3
    mull    a6, a2, a5
    mull    a7, a3, a4
    .byte   0x40, 0x82, 0xa2        // muluh a8, a2, a4
    mull    a2, a2, a4
    add     a3, a6, a7
    add     a3, a3, a8
    ret
