// DEPTHWISE_CONV_2D with 3x3 taps, on a Cortex-M with DSP instructions, see aiedge_depthwise_conv_2d.h.
//
// Tile by tile and four channels at a time: the input, with the padding around it, becomes int16, each
// channel in a plane of its own, so that SMLAD adds two neighbouring taps of a row; then each channel passes
// over its plane, with its weights in registers. A tile is as wide as a plane, and as high as the scratch
// allows.
//
// Weights and biases are taken twice: SMMLAR then adds the product, rounded as TensorFlow Lite Micro rounds
// it first, to the second rounding and the output's zero point.
#ifndef AIEDGE_DEPTHWISE_CONV_2D_DSP_H
#define AIEDGE_DEPTHWISE_CONV_2D_DSP_H

#include <string.h>

#include "aiedge_dot.h"
#include "aiedge_engine.h"
#include "aiedge_requantize.h"

enum {
  AIEDGE_PLANE_COLUMNS = 28,
  AIEDGE_PLANE_WORDS = AIEDGE_PLANE_COLUMNS / 2,    // of a row; those of four channels follow each other
  AIEDGE_PLANE_ROW_WORDS = 4 * AIEDGE_PLANE_WORDS,  // 56 and 224 bytes in the assembly below
};

// A part of the output, and the input that it needs with the padding around it.
typedef struct {
  int32_t top, left, input_rows, input_columns;
  // What the pass of each channel over its plane needs, in this order: twice the output's zero point, plus 1;
  // the tensors' channels; the tile's columns and rows; bytes from a row's end to the next row, in the plane
  // and in the output.
  int32_t zero_point, channels, columns, rows, to_next_row, to_next_output;
} aiedge_plane_tile;

// Stores two neighbouring values of four channels in their planes.
AIEDGE_INLINE void aiedge_plane_pair(uint32_t a, uint32_t b, uint32_t *to) {
  const uint32_t low = (a & 0xFFFF) | b << 16, high = a >> 16 | (b & 0xFFFF0000);
  to[0] = aiedge_even(low);
  to[AIEDGE_PLANE_WORDS] = aiedge_odd(low);
  to[2 * AIEDGE_PLANE_WORDS] = aiedge_even(high);
  to[3 * AIEDGE_PLANE_WORDS] = aiedge_odd(high);
}

// Lays out the input of a tile, whose first column is -1 at least; x is the image from the first of the four
// channels on.
AIEDGE_KERNEL void aiedge_planes(const aiedge_depthwise_conv_2d_int8_layer *layer, const int8_t *x,
                                 const aiedge_plane_tile *tile, uint32_t *to) {
  const int32_t channels = layer->channels;
  const uint32_t outside = aiedge_load4(layer->outside);
  const int32_t padded = tile->left < 0, first = padded ? tile->left + 2 : tile->left;
  // Columns of the image after the pair that the padding begins; their pairs are laid out in a loop.
  int32_t to_come = tile->input_columns - 2 * padded;
  if (to_come > layer->width - first) to_come = layer->width - first;
  const int32_t inside = to_come > 0 ? to_come / 2 : 0, words = (tile->input_columns + 1) / 2;
  for (int32_t iy = tile->top, rows = tile->input_rows; rows > 0; rows--, iy++) {
    uint32_t *const next = to + AIEDGE_PLANE_ROW_WORDS, *const end = to + words;
    const int8_t *from = layer->outside;
    int32_t second = 0;
    if (iy >= 0 && iy < layer->height) {
      from = x + (iy * layer->width + first) * channels;
      second = channels;
    }
    if (padded) aiedge_plane_pair(outside, aiedge_load4(from - second), to++);
    if (inside) {
      uint32_t a, b, low;
      __asm volatile(
          "1:\n"
          "ldr %[a], [%[from]]\n"
          "ldr %[b], [%[from], %[second]]\n"
          "add %[from], %[from], %[second], lsl #1\n"
          "pkhbt %[low], %[a], %[b], lsl #16\n"
          "pkhtb %[b], %[b], %[a], asr #16\n"
          "sxtb16 %[a], %[low], ror #8\n"
          "sxtb16 %[low], %[low]\n"
          "str %[a], [%[to], #56]\n"
          "sxtb16 %[a], %[b], ror #8\n"
          "sxtb16 %[b], %[b]\n"
          "str %[a], [%[to], #168]\n"
          "str %[b], [%[to], #112]\n"
          "str %[low], [%[to]], #4\n"
          "cmp %[to], %[end]\n"
          "bne 1b\n"
          : [from] "+&r"(from), [to] "+&r"(to), [a] "=&r"(a), [b] "=&r"(b), [low] "=&r"(low)
          : [second] "r"(second), [end] "r"(to + inside)
          : "cc", "memory");
    }
    for (int32_t left_over = to_come & 1; to < end; left_over = 0) {
      aiedge_plane_pair(left_over ? aiedge_load4(from) : outside, outside, to++);
    }
    to = next;
  }
}

// A row of taps, for two neighbouring outputs and for one. A place in the plane is a multiple of four bytes,
// so that one load brings the inputs of two outputs.
#define AIEDGE_PASS_2(row, first, last, other)                                         \
  "ldrd r10, r11, " row "\nsmlatb lr, r10, " first ", " other "\nsmlad lr, r11, " last \
  ", lr\n"                                                                             \
  "smlad r12, r10, " first ", r12\nsmlabt r12, r11, " last ", r12\n"
#define AIEDGE_PASS_1(row, first, last) \
  "ldrd r10, r11, " row "\nsmlad r12, r10, " first ", r12\nsmlabt r12, r11, " last ", r12\n"

// Halves of negative numbers go down: a product has the sign of its sum. With the lowest zero point it is all
// one how they go.
#define AIEDGE_PASS_SCALE(sum) "smmlar " sum ", " sum ", r10, r11\n"
#define AIEDGE_PASS_SIGNED(sum) "add r11, r11, " sum ", asr #31\n" AIEDGE_PASS_SCALE(sum)

#define AIEDGE_PASS_STRIDE_1(scale)              \
  AIEDGE_PASS_2("[r0, #224]", "r6", "r7", "r12") \
  AIEDGE_PASS_2("[r0, #448]", "r8", "r9", "lr")  \
  AIEDGE_PASS_2("[r0], #4", "r4", "r5", "lr")    \
  "ldrd r10, r11, [sp, #4]\n" scale              \
  "ldr r10, [sp, #12]\n"                         \
  "asr r12, r12, r10\n"                          \
  "asr lr, lr, r10\n"                            \
  "ssat r12, #8, r12\n"                          \
  "ssat lr, #8, lr\n"                            \
  "subs r3, #2\n"                                \
  "strb r12, [r1]\n"                             \
  "it ge\n"                                      \
  "strbge lr, [r1, r2]\n"                        \
  "add r1, r1, r2, lsl #1\n"

#define AIEDGE_PASS_STRIDE_2(scale)       \
  AIEDGE_PASS_1("[r0, #224]", "r6", "r7") \
  AIEDGE_PASS_1("[r0, #448]", "r8", "r9") \
  AIEDGE_PASS_1("[r0], #4", "r4", "r5")   \
  "ldrd r10, r11, [sp, #4]\n" scale       \
  "ldr r10, [sp, #12]\n"                  \
  "asr r12, r12, r10\n"                   \
  "ssat r12, #8, r12\n"                   \
  "strb r12, [r1]\n"                      \
  "add r1, r2\n"                          \
  "subs r3, #1\n"

#define AIEDGE_PASS_ROWS(loop) \
  "1:\n"                       \
  "ldr r3, [sp, #16]\n"        \
  "2:\n"                       \
  "ldr r12, [sp]\n" loop       \
  "bgt 2b\n"                   \
  "ldrd r10, r11, [sp, #24]\n" \
  "ldr r3, [sp, #20]\n"        \
  "add r0, r10\n"              \
  "add r1, r11\n"              \
  "subs r3, #1\n"              \
  "str r3, [sp, #20]\n"        \
  "bne 1b\n"                   \
  "add sp, #32\n"              \
  "pop {r4-r11, pc}\n"

enum { AIEDGE_PASS_ANY_SIGN = 1, AIEDGE_PASS_IN_TWOS = 2 };

// One channel's pass. On the stack are bias, multiplier, rounding, shift, columns, rows, to_next_row and
// to_next_output. r0 is the place in the plane, r1 that in the output, r2 the number of channels, r3 counts
// columns; r4 to r9 are the weights, two words for each row of taps: the first two, and the last two.
static __attribute__((naked, noinline)) void aiedge_plane_pass(__attribute__((unused)) const uint32_t *plane,
                                                               __attribute__((unused)) int8_t *y,
                                                               __attribute__((unused)) const int32_t *tile,
                                                               __attribute__((unused)) const int16_t *weights,
                                                               __attribute__((unused)) const int32_t *scale,
                                                               __attribute__((unused)) const int16_t *last,
                                                               __attribute__((unused)) int32_t way) {
  __asm volatile(
      "push {r4-r11, lr}\n"
      "ldrd r12, lr, [sp, #36]\n"
      "ldm r2, {r6-r11}\n"
      "mov r2, r7\n"
      "ldm r12, {r4, r5, r7}\n"
      "lsl r4, r4, #1\n"
      "lsl r6, r6, r7\n"
      "asr r6, r6, #1\n"
      "push {r4-r11}\n"
      "ldr r4, [r3]\n"
      "ldr r10, [r3, #16]\n"
      "ldr r7, [r3, #32]\n"
      "ldr r8, [r3, #48]\n"
      "ldrh r9, [lr]\n"
      "sadd16 r4, r4, r4\n"
      "sadd16 r10, r10, r10\n"
      "sadd16 r7, r7, r7\n"
      "sadd16 r8, r8, r8\n"
      "sadd16 r9, r9, r9\n"
      "lsr r5, r4, #16\n"
      "pkhbt r5, r5, r10, lsl #16\n"
      "lsr r6, r10, #16\n"
      "pkhbt r6, r6, r7, lsl #16\n"
      "lsr r10, r8, #16\n"
      "pkhbt r9, r10, r9, lsl #16\n"
      "ldr r3, [sp, #76]\n"
      "lsls r3, r3, #31\n"
      "bcc 4f\n"
      "bmi 3f\n"  //
      AIEDGE_PASS_ROWS(AIEDGE_PASS_STRIDE_1(AIEDGE_PASS_SCALE("r12") AIEDGE_PASS_SCALE("lr")))
      "3:\n"  //
      AIEDGE_PASS_ROWS(AIEDGE_PASS_STRIDE_1(AIEDGE_PASS_SIGNED("r12") "ldr r11, [sp, #8]\n"  //
                                            AIEDGE_PASS_SIGNED("lr")))
      "4:\n"
      "bmi 5f\n"  //
      AIEDGE_PASS_ROWS(AIEDGE_PASS_STRIDE_2(AIEDGE_PASS_SCALE("r12")))
      "5:\n"  //
      AIEDGE_PASS_ROWS(AIEDGE_PASS_STRIDE_2(AIEDGE_PASS_SIGNED("r12"))));
}

// A layer of 3x3 taps with a stride of 1 or 2 along the row, no dilation, at most one column of padding on
// the left, four channels at least, whose scaling is plain with shifts up to 22. The scratch, at a multiple
// of four bytes, has 224 bytes for each row of input that `strip` rows of output need.
AIEDGE_KERNEL void aiedge_depthwise_conv_2d_strips_int8(const aiedge_depthwise_conv_2d_int8_layer *layer,
                                                        const int8_t *x, int8_t *y, uint8_t *scratch,
                                                        int32_t strip) {
  uint32_t *const planes = (uint32_t *)(void *)scratch;
  const int32_t channels = layer->channels, width = layer->output_width, height = layer->output_height;
  const int32_t stride_h = layer->stride_h, stride_w = layer->stride_w;
  const int one = stride_w == 1;
  const int32_t way =
      (one ? AIEDGE_PASS_IN_TWOS : 0) | (layer->output.zero_point == -128 ? 0 : AIEDGE_PASS_ANY_SIGN);
  // Tiles of about one width, an even one where outputs come in twos.
  const int32_t most = one ? AIEDGE_PLANE_COLUMNS - 2 : AIEDGE_PLANE_COLUMNS / 2 - 1;
  const int32_t tiles = (width + most - 1) / most, columns = ((width + tiles - 1) / tiles + one) & ~one;
  aiedge_plane_tile tile;
  tile.zero_point = 2 * layer->output.zero_point + 1;
  tile.channels = channels;
  for (int32_t oy = 0; oy < height; oy += strip) {
    tile.rows = height - oy < strip ? height - oy : strip;
    tile.top = oy * stride_h - layer->pad_top;
    tile.input_rows = (tile.rows - 1) * stride_h + 3;
    for (int32_t ox = 0; ox < width; ox += columns) {
      tile.columns = width - ox < columns ? width - ox : columns;
      tile.left = ox * stride_w - layer->pad_left;
      tile.input_columns = (tile.columns - 1) * stride_w + 3;
      const int32_t done = (tile.columns + one) & ~one;
      tile.to_next_row = 4 * (stride_h * AIEDGE_PLANE_ROW_WORDS - (one ? done / 2 : done));
      tile.to_next_output = (width - done) * channels;
      int8_t *const to = y + (oy * width + ox) * channels;
      for (int32_t c = 0; c < channels; c += 4) {
        // The last four channels may be some that are done already.
        const int32_t begin = c < channels - 4 ? c : channels - 4;
        aiedge_planes(layer, x + begin, &tile, planes);
        for (int32_t i = 0; i < 4; i++) {
          // Its weights stand among those of four channels: pairs of taps, 8 for each, then the last taps.
          const uint32_t channel = (uint32_t)(begin + i), place = channel % 4;
          const int16_t *packed = layer->weights + channel / 4 * 36;
          aiedge_plane_pass(planes + i * AIEDGE_PLANE_WORDS, to + channel, &tile.zero_point,
                            packed + 2 * place, layer->scales + channel * AIEDGE_CHANNEL_STEP,
                            packed + 32 + place, way);
        }
      }
    }
  }
}

// The same row by row, with 672 bytes of the stack in place of scratch.
AIEDGE_KERNEL void aiedge_depthwise_conv_2d_rows_int8(const aiedge_depthwise_conv_2d_int8_layer *layer,
                                                      const int8_t *x, int8_t *y) {
  uint32_t planes[3 * AIEDGE_PLANE_ROW_WORDS];
  aiedge_depthwise_conv_2d_strips_int8(layer, x, y, (uint8_t *)planes, 1);
}

#endif
