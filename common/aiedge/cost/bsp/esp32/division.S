// Division, which is one instruction of the ESP32's core: the LX106's compiler knows of none and calls these.
    .macro function name, instruction
    .section .text.\name, "ax"
    .align  4
    .global \name
\name:
    .byte   0x30, 0x22, \instruction
    ret
    .endm
    function __divsi3, 0xd2         // quos a2, a2, a3
    function __udivsi3, 0xc2        // quou a2, a2, a3
    function __umodsi3, 0xe2        // remu a2, a2, a3
