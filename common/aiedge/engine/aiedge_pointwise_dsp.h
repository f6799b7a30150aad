// CONV_2D with 1x1 filters on a Cortex-M with DSP instructions, see aiedge_pointwise.h: channels in fours and
// filters in twos. All in assembly, since around the inner loop the compiler runs out of registers.
#ifndef AIEDGE_POINTWISE_DSP_H
#define AIEDGE_POINTWISE_DSP_H

#include "aiedge_engine.h"
#include "aiedge_requantize.h"

// Four channels of two pixels with two filters: 76 bytes of code.
#define AIEDGE_POINTWISE_STEP \
  "ldrd r8, r9, [r2], #8\n"   \
  "ldr.w r12, [r0], #4\n"     \
  "sxtb16 lr, r12, ror #8\n"  \
  "sxtb16 r12, r12\n"         \
  "sxtb16 r10, r8, ror #8\n"  \
  "sxtb16 r8, r8\n"           \
  "sxtb16 r11, r9, ror #8\n"  \
  "sxtb16 r9, r9\n"           \
  "smlad r4, lr, r10, r4\n"   \
  "smlad r5, lr, r11, r5\n"   \
  "smlad r4, r12, r8, r4\n"   \
  "smlad r5, r12, r9, r5\n"   \
  "ldr.w r12, [r1], #4\n"     \
  "sxtb16 lr, r12, ror #8\n"  \
  "sxtb16 r12, r12\n"         \
  "smlad r6, lr, r10, r6\n"   \
  "smlad r7, lr, r11, r7\n"   \
  "smlad r6, r12, r8, r6\n"   \
  "smlad r7, r12, r9, r7\n"

// As aiedge_finish_fast(), with multiplier and shift in r8 and r9, the zero point in lr.
#define AIEDGE_POINTWISE_FINISH(sum) \
  "lsl " sum ", " sum                \
  ", #1\n"                           \
  "smmulr " sum ", " sum             \
  ", r8\n"                           \
  "add " sum ", " sum ", " sum       \
  ", asr #31\n"                      \
  "asrs " sum ", " sum               \
  ", r9\n"                           \
  "adc " sum ", " sum                \
  ", lr\n"                           \
  "ssat " sum ", #8, " sum "\n"

// Two pixels in all filters. r0, r1 are the inputs, r2 the weights, r3 the end of the first pixel; r4 to r7
// are the sums: of the first pixel by both filters, of the second. On the stack are both inputs, both
// outputs, the scales of two filters and where those of all end, the zero point, and where among the four
// steps of the loop the first time begins: it takes what is more than a multiple of four.
AIEDGE_ASSEMBLY void aiedge_pointwise_pixels(__attribute__((unused)) const int8_t *x0,
                                             __attribute__((unused)) const int8_t *x1,
                                             __attribute__((unused)) const aiedge_pointwise_int8_layer *layer,
                                             __attribute__((unused)) int8_t *y0,
                                             __attribute__((unused)) int8_t *y1) {
  __asm volatile(
      "push {r4-r11, lr}\n"
      "ldr r5, [sp, #36]\n"
      "mov r4, r3\n"
      "ldrd r10, r11, [r2, #16]\n"
      "ldr r8, [r2, #8]\n"
      "ldrd r2, r6, [r2]\n"
      "add r3, r0, r10\n"
      "add r7, r11, r11, lsl #1\n"
      "add r7, r6, r7, lsl #2\n"
      "rsb r9, r10, #0\n"
      "and r9, r9, #12\n"
      "mov r11, #19\n"
      "adr.w r10, 2f\n"
      "mla r9, r9, r11, r10\n"
      "add r9, r9, #1\n"  // Thumb
      "push {r0, r1, r4-r9}\n"
      "1:\n"
      "ldr r12, [sp, #16]\n"
      "ldrd r0, r1, [sp]\n"
      "ldr r4, [r12]\n"
      "ldr r5, [r12, #12]\n"
      "mov r6, r4\n"
      "mov r7, r5\n"
      "ldr pc, [sp, #28]\n"
      "2:\n"  //
      AIEDGE_POINTWISE_STEP AIEDGE_POINTWISE_STEP AIEDGE_POINTWISE_STEP AIEDGE_POINTWISE_STEP
      "cmp r0, r3\n"
      "bne 2b\n"
      "ldr r12, [sp, #16]\n"
      "ldr lr, [sp, #24]\n"
      "ldrd r8, r9, [r12, #4]\n"  //
      AIEDGE_POINTWISE_FINISH("r4") AIEDGE_POINTWISE_FINISH("r6")
      "ldrd r8, r9, [r12, #16]\n"  //
      AIEDGE_POINTWISE_FINISH("r5") AIEDGE_POINTWISE_FINISH("r7")
      "ldrd r0, r1, [sp, #8]\n"
      "add r12, r12, #24\n"
      "str r12, [sp, #16]\n"
      "strb r4, [r0], #1\n"
      "strb r5, [r0], #1\n"
      "strb r6, [r1], #1\n"
      "strb r7, [r1], #1\n"
      "strd r0, r1, [sp, #8]\n"
      "ldr r8, [sp, #20]\n"
      "cmp r12, r8\n"
      "bne 1b\n"
      "add sp, #32\n"
      "pop {r4-r11, pc}\n" ::
          : AIEDGE_CLOBBERED);
}

AIEDGE_KERNEL void aiedge_pointwise_even_int8(const aiedge_pointwise_int8_layer *layer, const int8_t *x,
                                              int8_t *y) {
  const int32_t channels = layer->channels, filters = layer->filters;
  int32_t pixels = layer->pixels;
  for (; pixels > 1; pixels -= 2, x += 2 * channels, y += 2 * filters) {
    aiedge_pointwise_pixels(x, x + channels, layer, y, y + filters);
  }
  if (pixels > 0) aiedge_pointwise_pixels(x, x, layer, y, y);
}

#endif
