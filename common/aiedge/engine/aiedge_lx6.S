// Kernels for the ESP32's core, an Xtensa LX6 with MAC16: mula.xx.ldinc multiplies two 16-bit halves, adds to the
// accumulator, and loads the word that follows the pointer, in one instruction. aiedge_lx6.h has the same in C.
//
// One file for GNU as with ESP-IDF's windowed calls and for call0, where a12 to a15 belong to the caller. ESP-IDF saves
// the accumulator and m0 to m3 with a task, and for interrupts up to level 3; above that nothing here is to be called.
// Memory is read in words of internal memory or of mapped flash, at multiples of four. For any other core the file is
// empty, so that a build may take all of the engine's files.
#if defined(__XTENSA__) && __has_include(<xtensa/config/core-isa.h>)
#include <xtensa/config/core-isa.h>
#endif
#if XCHAL_HAVE_MAC16 && XCHAL_HAVE_LOOPS && XCHAL_HAVE_MUL32_HIGH

#if defined(__XTENSA_WINDOWED_ABI__)
#define ENTER entry a1, 32
#define LEAVE retw
#else
#define ENTER addi a1, a1, -32; s32i a12, a1, 16; s32i a13, a1, 20; s32i a14, a1, 24; s32i a15, a1, 28
#define LEAVE l32i a12, a1, 16; l32i a13, a1, 20; l32i a14, a1, 24; l32i a15, a1, 28; addi a1, a1, 32; ret
#endif

// See AIEDGE_HOT in aiedge_engine.h.
.macro code_of name
#if defined(AIEDGE_IRAM)
    .section .iram1.aiedge, "ax"
#else
    .section .text.\name, "ax"
#endif
.endm

.macro function name
    code_of \name
    .align  4
    .global \name
    .type   \name, @function
\name:
    ENTER
.endm

// From \t, 256 times a sum, to int8: a9 multiplier, a10 rounding and zero point, SAR the shift. With \general the zero
// point is above -128, and halves of negative numbers have to go down; \n is lost then.
.macro finish t, n, general
    mulsh   \t, \t, a9
    .if \general
    addi    \n, a10, -128
    movgez  \n, a10, \t
    add     \t, \t, \n
    .else
    add     \t, \t, a10
    .endif
    sra     \t, \t
    clamps  \t, \t, 7
.endm

// Bias a8, multiplier a9, rounding a10 and shift from \scale.
.macro scaling scale
    l32i    a8, \scale, 12
    ssr     a8
    l32i    a8, \scale, 0
    l32i    a9, \scale, 4
    l32i    a10, \scale, 8
.endm

// Four taps. Before and after: m0 holds x0 and x1, m1 x2 and x3, m2 w0 and w1; a2 and a3 point to the words loaded last.
.macro quad
    mula.dd.ll.ldinc m3, a3, m0, m2
    mula.dd.hh.ldinc m0, a2, m0, m2
    mula.dd.ll.ldinc m2, a3, m1, m3
    mula.dd.hh.ldinc m1, a2, m1, m3
.endm

// A filter's last four: the weights go on at their start, a11, the input \jump bytes further than it would.
.macro quad_last jump
    mula.dd.ll.ldinc m3, a3, m0, m2
    mov     a3, a11
    .ifnb \jump
    add     a2, a2, \jump
    .endif
    mula.dd.hh.ldinc m0, a2, m0, m2
    mula.dd.ll.ldinc m2, a3, m1, m3
    mula.dd.hh.ldinc m1, a2, m1, m3
.endm

// Four taps, after which the input goes on \jump bytes further.
.macro quad_jump jump
    mula.dd.ll.ldinc m3, a3, m0, m2
    add     a2, a2, \jump
    mula.dd.hh.ldinc m0, a2, m0, m2
    mula.dd.ll.ldinc m2, a3, m1, m3
    mula.dd.hh.ldinc m1, a2, m1, m3
.endm

.macro head
    scaling a4
    addi    a2, a2, -4
    addi    a3, a3, -4
    mov     a11, a3
    ldinc   m0, a2
    ldinc   m1, a2
    ldinc   m2, a3
.endm

// void f(const int16_t *x, const int16_t *w, const int32_t *scale, int8_t *y, int32_t outputs, const int32_t *step)
// One filter over windows that follow one another. step: bytes from output to output in y, quads - 1. Reads 8 bytes
// beyond x. This one for up to 16 quads:
.macro short name, general
    code_of \name
    .align  4
.Lend_of_\name:
    .long   .Llast_of_\name
    function \name
    head
    l32i    a12, a7, 4
    l32i    a7, a7, 0
    addx2   a12, a12, a12           // a quad has 12 bytes of code
    slli    a12, a12, 2
    l32r    a13, .Lend_of_\name
    sub     a13, a13, a12
    loop    a6, .Lnext_of_\name
    wsr     a8, acclo
    jx      a13
    .rept 15
    quad
    .endr
.Llast_of_\name:
    quad_last
    rsr     a4, acclo
    finish  a4, a12, \general
    s8i     a4, a5, 0
    add     a5, a5, a7
.Lnext_of_\name:
    LEAVE
.endm
    short   aiedge_lx6_short_relu, 0
    short   aiedge_lx6_short, 1

// For any number of quads from 2 on. With \pooled an output is the largest of step[2] windows, and raises what is in y:
// of the sums the largest is scaled, since scaling keeps their order.
.macro long name, pooled, general
    function \name
    head
    l32i    a12, a7, 4
    .if \pooled
    l32i    a13, a7, 8
    .endif
    l32i    a7, a7, 0
    mull    a6, a6, a7
    add     a6, a6, a5              // where y ends
1:
    .if \pooled
    mov     a15, a13
    movi    a14, -2048
    slli    a14, a14, 20            // the least
2:
    .endif
    wsr     a8, acclo
    loop    a12, 3f
    quad
3:  quad_last
    rsr     a4, acclo
    .if \pooled
    addi    a15, a15, -1
    max     a14, a14, a4
    bnez    a15, 2b
    mov     a4, a14
    .endif
    finish  a4, a15, \general
    .if \pooled
    l8ui    a15, a5, 0
    sext    a15, a15, 7
    max     a4, a4, a15
    .endif
    s8i     a4, a5, 0
    add     a5, a5, a7
    bne     a5, a6, 1b
    LEAVE
.endm
    long    aiedge_lx6_long_relu, 0, 0
    long    aiedge_lx6_long, 0, 1
    long    aiedge_lx6_pool_relu, 1, 0
    long    aiedge_lx6_pool, 1, 1

// The same over windows of three rows, straight from an image of int16: step: bytes from output to output in y, quads of
// a row - 1, from a row's end to the next row in bytes, from the last row's end to the next window.
.macro rows name, general
    function \name
    head
    l32i    a12, a7, 4
    l32i    a13, a7, 8
    l32i    a14, a7, 12
    l32i    a7, a7, 0
    mull    a6, a6, a7
    add     a6, a6, a5              // where y ends
1:  wsr     a8, acclo
    loop    a12, 2f
    quad
2:  quad_jump a13
    loop    a12, 3f
    quad
3:  quad_jump a13
    loop    a12, 4f
    quad
4:  quad_last a14
    rsr     a4, acclo
    finish  a4, a15, \general
    s8i     a4, a5, 0
    add     a5, a5, a7
    bne     a5, a6, 1b
    LEAVE
.endm
    rows    aiedge_lx6_rows_relu, 0
    rows    aiedge_lx6_rows, 1

// The same for ten taps in each row, two in each word: the words of a window lie in m0 and m1 by turns, and the weights
// in m2 and m3, but for those of the last word, so that the next window begins as this one does. step[1] is not used.
.macro even jump
    mula.dd.ll.ldinc m3, a3, m0, m2
    .ifnb \jump
    add     a2, a2, \jump
    .endif
    mula.dd.hh.ldinc m0, a2, m0, m2
.endm
.macro odd jump
    mula.dd.ll.ldinc m2, a3, m1, m3
    .ifnb \jump
    add     a2, a2, \jump
    .endif
    mula.dd.hh.ldinc m1, a2, m1, m3
.endm
.macro ten name, general
    function \name
    head
    l32i    a13, a7, 8
    l32i    a14, a7, 12
    l32i    a7, a7, 0
    loop    a6, 1f
    wsr     a8, acclo
    even
    odd
    even
    odd     a13
    even
    odd
    even
    odd
    even    a13
    odd
    even
    odd
    even
    mula.dd.ll m1, m3
    mula.dd.hh.ldinc m3, a3, m1, m3
    mov     a3, a11
    mula.dd.ll.ldinc m2, a3, m0, m3
    add     a2, a2, a14
    mula.dd.hh.ldinc m0, a2, m0, m3
    ldinc   m1, a2
    rsr     a4, acclo
    finish  a4, a15, \general
    s8i     a4, a5, 0
    add     a5, a5, a7
1:  LEAVE
.endm
    ten     aiedge_lx6_ten_relu, 0
    ten     aiedge_lx6_ten, 1

// \mask is 0x00ff00ff; \t is lost.
.macro halves mask, t
    movi    \mask, 255
    slli    \t, \mask, 16
    or      \mask, \mask, \t
.endm

// \flip is 0x80808080; \t is lost.
.macro signs flip, t
    movi    \flip, 128
    slli    \t, \flip, 8
    or      \flip, \flip, \t
    slli    \t, \flip, 16
    or      \flip, \flip, \t
.endm

// void aiedge_lx6_expand(const int8_t *x, int16_t *to, int32_t count, int32_t rows, int32_t x_step)
// x + 128 as int16, of each four in the order 0 2 1 3; `count` of each row, x_step bytes from row to row.
.macro expand_4 i
    l32i    a10, a2, 4 * \i
    xor     a10, a10, a8
    and     a11, a10, a9
    s32i    a11, a3, 8 * \i
    srli    a10, a10, 8
    and     a10, a10, a9
    s32i    a10, a3, 8 * \i + 4
.endm
    function aiedge_lx6_expand
    signs   a8, a10
    halves  a9, a10
    sub     a6, a6, a4              // from a row's end to the next
    extui   a12, a4, 2, 2
    srli    a4, a4, 4
1:  loopnez a4, 2f
    expand_4 0
    expand_4 1
    expand_4 2
    expand_4 3
    addi    a2, a2, 16
    addi    a3, a3, 32
2:  loopnez a12, 3f
    expand_4 0
    addi    a2, a2, 4
    addi    a3, a3, 8
3:  add     a2, a2, a6
    addi    a5, a5, -1
    bnez    a5, 1b
    LEAVE

// void aiedge_lx6_expand_bytes(const int8_t *x, int16_t *to, int32_t count, int32_t rows, int32_t x_step)
// The same in x's order, wherever x lies.
.macro expand_1 i
    l8ui    a10, a2, \i
    xor     a10, a10, a8
    s16i    a10, a3, 2 * \i
.endm
    function aiedge_lx6_expand_bytes
    movi    a8, 128
    sub     a6, a6, a4
    extui   a12, a4, 0, 2
    srli    a4, a4, 2
1:  loopnez a4, 2f
    expand_1 0
    expand_1 1
    expand_1 2
    expand_1 3
    addi    a2, a2, 4
    addi    a3, a3, 8
2:  loopnez a12, 3f
    expand_1 0
    addi    a2, a2, 1
    addi    a3, a3, 2
3:  add     a2, a2, a6
    addi    a5, a5, -1
    bnez    a5, 1b
    LEAVE

// void aiedge_lx6_unpack(const int8_t *w, int16_t *to, int32_t count)
// Weights times 256 as int16, of each four in the order 0 2 1 3: so their signs come for nothing.
.macro unpack_4 i
    l32i    a10, a2, 4 * \i
    slli    a11, a10, 8
    and     a11, a11, a9
    s32i    a11, a3, 8 * \i
    and     a10, a10, a9
    s32i    a10, a3, 8 * \i + 4
.endm
    function aiedge_lx6_unpack
    halves  a9, a10
    slli    a9, a9, 8
    extui   a5, a4, 2, 2
    srli    a4, a4, 4
    loopnez a4, 1f
    unpack_4 0
    unpack_4 1
    unpack_4 2
    unpack_4 3
    addi    a2, a2, 16
    addi    a3, a3, 32
1:  loopnez a5, 2f
    unpack_4 0
    addi    a2, a2, 4
    addi    a3, a3, 8
2:  LEAVE

// void aiedge_lx6_planes(const int8_t *x, int16_t *plane0, int16_t *plane1, const int32_t *shape)
// Four channels of an image, x + 128: pairs (c0, c2) in plane0, (c1, c3) in plane1.
// shape: rows, width, channels of x, bytes from a row's end to the next row in a plane.
    function aiedge_lx6_planes
    signs   a8, a10
    halves  a9, a10
    l32i    a6, a5, 0
    l32i    a7, a5, 4
    l32i    a12, a5, 8
    l32i    a13, a5, 12
1:  loop    a7, 2f
    l32i    a10, a2, 0
    add     a2, a2, a12
    xor     a10, a10, a8
    and     a11, a10, a9
    s32i    a11, a3, 0
    srli    a10, a10, 8
    and     a10, a10, a9
    s32i    a10, a4, 0
    addi    a3, a3, 4
    addi    a4, a4, 4
2:  add     a3, a3, a13
    add     a4, a4, a13
    addi    a6, a6, -1
    bnez    a6, 1b
    LEAVE

// void f(const int32_t *job, const int16_t *w, const int32_t *scale, const int16_t *plane, int8_t *y)
// Nine taps on one channel: the low or the high halves of the plane's pairs. w: the taps and a zero.
// job: output width, jump from row to row, back to the next window, to the next row of windows, bytes from output to
// output in y, bytes of y in all.
.macro depthwise name, half, general
    function \name
    scaling a4
    l32i    a4, a2, 20
    add     a4, a4, a6
    s32i    a4, a1, 0               // where y ends
    l32i    a4, a2, 12
    s32i    a4, a1, 4
    l32i    a7, a2, 16
    l32i    a15, a2, 4
    addi    a3, a3, -4
    ldinc   m2, a3
    ldinc   m3, a3
    l32i    a12, a3, 4
    l32i    a13, a3, 8
    l32i    a14, a3, 12
    l32i    a3, a2, 8
    addi    a4, a5, -4
    mov     a5, a6
    l32i    a6, a2, 0
    mov     a2, a4
1:  ldinc   m0, a2
    loop    a6, 2f
    wsr     a8, acclo
    mula.dd.\half\()l.ldinc m1, a2, m0, m2
    mula.dd.\half\()h.ldinc m0, a2, m1, m2
    add     a2, a2, a15
    mula.dd.\half\()l.ldinc m1, a2, m0, m3
    mula.dd.\half\()h.ldinc m0, a2, m1, m3
    mula.da.\half\()l.ldinc m1, a2, m0, a12
    add     a2, a2, a15
    mula.da.\half\()h.ldinc m0, a2, m1, a12
    mula.da.\half\()l.ldinc m1, a2, m0, a13
    mula.da.\half\()h.ldinc m0, a2, m1, a13
    add     a2, a2, a3
    mula.da.\half\()l.ldinc m0, a2, m0, a14
    rsr     a4, acclo
    finish  a4, a11, \general
    s8i     a4, a5, 0
    add     a5, a5, a7
2:  l32i    a4, a1, 0
    l32i    a11, a1, 4
    add     a2, a2, a11
    bltu    a5, a4, 1b
    LEAVE
.endm
    depthwise aiedge_lx6_low_relu, l, 0
    depthwise aiedge_lx6_low, l, 1
    depthwise aiedge_lx6_high_relu, h, 0
    depthwise aiedge_lx6_high, h, 1

// The same where rows of windows have five taps, and windows job[6] of them. w: each row's taps and a zero.
.macro five name, half
    function \name
    scaling a4
    l32i    a4, a2, 20
    add     a4, a4, a6
    s32i    a4, a1, 0               // where y ends
    l32i    a4, a2, 12
    s32i    a4, a1, 4
    l32i    a4, a2, 0
    s32i    a4, a1, 8
    l32i    a7, a2, 16
    l32i    a12, a2, 24
    mov     a13, a3
    l32i    a14, a2, 8
    l32i    a15, a2, 4
    addi    a2, a5, -4
    mov     a5, a6
1:  ldinc   m0, a2
    l32i    a6, a1, 8
2:  wsr     a8, acclo
    mov     a3, a13
    loop    a12, 3f
    l32i    a4, a3, 0
    l32i    a11, a3, 4
    mula.da.\half\()l.ldinc m1, a2, m0, a4
    mula.da.\half\()h.ldinc m0, a2, m1, a4
    l32i    a4, a3, 8
    mula.da.\half\()l.ldinc m1, a2, m0, a11
    mula.da.\half\()h.ldinc m0, a2, m1, a11
    add     a2, a2, a15
    addi    a3, a3, 12
    mula.da.\half\()l.ldinc m0, a2, m0, a4
3:  add     a2, a2, a14
    ldinc   m0, a2
    rsr     a4, acclo
    finish  a4, a11, 1
    s8i     a4, a5, 0
    add     a5, a5, a7
    addi    a6, a6, -1
    bnez    a6, 2b
    l32i    a4, a1, 0
    l32i    a11, a1, 4
    add     a2, a2, a11
    bltu    a5, a4, 1b
    LEAVE
.endm
    five    aiedge_lx6_low_five, l
    five    aiedge_lx6_high_five, h

// void f(const aiedge_add_lx6_layer *layer, const int8_t *a, const int8_t *b, int8_t *y)
// Sums of a and b. layer: table of what each byte of b adds, multiplier, rounding, shift, count.
.macro add_1 i, general
    l8ui    a8, a4, \i
    l8ui    a11, a3, \i
    addx4   a8, a8, a7
    l32i    a8, a8, 0
    sext    a11, a11, 7
    slli    a11, a11, 21
    add     a8, a8, a11
    mulsh   a8, a8, a9
    .if \general
    addi    a11, a10, -2
    movgez  a11, a10, a8
    add     a8, a8, a11
    .else
    add     a8, a8, a10
    .endif
    sra     a8, a8
    clamps  a8, a8, 7
    s8i     a8, a5, \i
.endm
.macro sums name, general
    function \name
    l32i    a8, a2, 12
    ssr     a8
    l32i    a7, a2, 0
    l32i    a9, a2, 4
    l32i    a10, a2, 8
    l32i    a2, a2, 16
    extui   a6, a2, 0, 2
    srli    a2, a2, 2
    loopnez a2, 1f
    add_1   0, \general
    add_1   1, \general
    add_1   2, \general
    add_1   3, \general
    addi    a3, a3, 4
    addi    a4, a4, 4
    addi    a5, a5, 4
1:  loopnez a6, 2f
    add_1   0, \general
    addi    a3, a3, 1
    addi    a4, a4, 1
    addi    a5, a5, 1
2:  LEAVE
.endm
    sums    aiedge_lx6_add_relu, 0
    sums    aiedge_lx6_add, 1

// void aiedge_lx6_mean(const int8_t *x, int8_t *y, const aiedge_lx6_window *window)
// Means of one window in all channels, four at a time. window: rows, columns, channels, bytes from a row's end to the
// next row, 128 for each value, half of their number, 2^24 over it.
.macro mean_1 i, pair, at
    extui   a15, \pair, \at, 16
    sub     a15, a15, a12
    abs     a5, a15
    add     a5, a5, a13
    mull    a5, a5, a14
    extui   a5, a5, 24, 8
    bgez    a15, 4f
    neg     a5, a5
4:  clamps  a5, a5, 7
    s8i     a5, a3, \i
.endm
    function aiedge_lx6_mean
    signs   a8, a10
    halves  a9, a10
    l32i    a6, a4, 4
    l32i    a7, a4, 8
    srli    a5, a7, 2
1:  mov     a13, a2
    l32i    a12, a4, 0
    movi    a10, 0
    movi    a11, 0
2:  loop    a6, 3f
    l32i    a14, a13, 0
    add     a13, a13, a7
    xor     a14, a14, a8
    and     a15, a14, a9
    add     a10, a10, a15
    srli    a14, a14, 8
    and     a14, a14, a9
    add     a11, a11, a14
3:  l32i    a14, a4, 12
    addi    a12, a12, -1
    add     a13, a13, a14
    bnez    a12, 2b
    s32i    a5, a1, 0
    l32i    a12, a4, 16
    l32i    a13, a4, 20
    l32i    a14, a4, 24
    mean_1  0, a10, 0
    mean_1  1, a11, 0
    mean_1  2, a10, 16
    mean_1  3, a11, 16
    l32i    a5, a1, 0
    addi    a2, a2, 4
    addi    a3, a3, 4
    addi    a5, a5, -1
    bnez    a5, 1b
    LEAVE

// void aiedge_lx6_most(const int8_t *x, int8_t *y, const aiedge_lx6_window *window)
// The largest values of one window in all channels. Of four channels each lies in a word's highest byte: what is below
// matters only between equal ones. window[4] is the least output there.
    function aiedge_lx6_most
    l32i    a6, a4, 4
    l32i    a7, a4, 8
    srli    a5, a7, 2
1:  mov     a13, a2
    l32i    a12, a4, 0
    l32i    a8, a4, 16              // the least
    mov     a9, a8
    mov     a10, a8
    mov     a11, a8
2:  loop    a6, 3f
    l32i    a14, a13, 0
    add     a13, a13, a7
    slli    a15, a14, 24
    max     a8, a8, a15
    slli    a15, a14, 16
    max     a9, a9, a15
    slli    a15, a14, 8
    max     a10, a10, a15
    max     a11, a11, a14
3:  l32i    a14, a4, 12
    addi    a12, a12, -1
    add     a13, a13, a14
    bnez    a12, 2b
    extui   a8, a8, 24, 8
    s8i     a8, a3, 0
    extui   a9, a9, 24, 8
    s8i     a9, a3, 1
    extui   a10, a10, 24, 8
    s8i     a10, a3, 2
    extui   a11, a11, 24, 8
    s8i     a11, a3, 3
    addi    a2, a2, 4
    addi    a3, a3, 4
    addi    a5, a5, -1
    bnez    a5, 1b
    LEAVE

// void aiedge_scale_lx6_int8(const aiedge_scale_lx6_layer *layer, const int8_t *x, int8_t *y)
// layer: factor and offset of each channel, multiplier, rounding, the same for negative numbers, shift, pixels, channels.
.macro scale_1 i
    l8ui    a8, a3, \i
    l32i    a11, a6, 8 * \i
    l32i    a14, a6, 8 * \i + 4
    sext    a8, a8, 7
    mull    a8, a8, a11
    add     a8, a8, a14
    mulsh   a8, a8, a9
    mov     a11, a13
    movgez  a11, a10, a8
    add     a8, a8, a11
    sra     a8, a8
    clamps  a8, a8, 7
    s8i     a8, a4, \i
.endm
    function aiedge_scale_lx6_int8
    l32i    a8, a2, 16
    ssr     a8
    l32i    a7, a2, 0
    l32i    a9, a2, 4
    l32i    a10, a2, 8
    l32i    a13, a2, 12
    l32i    a5, a2, 20
    l32i    a2, a2, 24
    extui   a12, a2, 0, 2
    srli    a2, a2, 2
1:  mov     a6, a7
    loopnez a2, 2f
    scale_1 0
    scale_1 1
    scale_1 2
    scale_1 3
    addi    a3, a3, 4
    addi    a4, a4, 4
    addi    a6, a6, 32
2:  loopnez a12, 3f
    scale_1 0
    addi    a3, a3, 1
    addi    a4, a4, 1
    addi    a6, a6, 8
3:  addi    a5, a5, -1
    bnez    a5, 1b
    LEAVE

#endif
