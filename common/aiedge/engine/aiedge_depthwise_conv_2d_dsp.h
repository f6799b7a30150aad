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
  int32_t top, input_rows;
  int32_t first;        // column of the image, after the pair that the padding begins
  int32_t padded;       // 1 where it begins one
  int32_t inside, odd;  // pairs of columns in the image from there, and 1 where one column is left over
  int32_t words;        // pairs in all
  // What the passes need, in this order: the tensors' channels; twice the output's zero point, plus 1; the
  // tile's columns and rows; bytes from a row's end to the next row, in the plane and in the output.
  int32_t channels, zero_point, columns, rows, to_next_row, to_next_output;
} aiedge_plane_tile;

// Stores two neighbouring values of four channels in their planes.
AIEDGE_INLINE void aiedge_plane_pair(uint32_t a, uint32_t b, uint32_t *to) {
  uint32_t low, high;
  __asm("pkhbt %0, %1, %2, lsl #16" : "=r"(low) : "r"(a), "r"(b));
  __asm("pkhtb %0, %1, %2, asr #16" : "=r"(high) : "r"(b), "r"(a));
  to[0] = aiedge_even(low);
  to[AIEDGE_PLANE_WORDS] = aiedge_odd(low);
  to[2 * AIEDGE_PLANE_WORDS] = aiedge_even(high);
  to[3 * AIEDGE_PLANE_WORDS] = aiedge_odd(high);
}

// Lays out the input of a tile; x is the image from the first of the four channels on.
AIEDGE_KERNEL void aiedge_planes(const aiedge_depthwise_conv_2d_int8_layer *layer, const int8_t *x,
                                 const aiedge_plane_tile *tile, uint32_t *to) {
  const int32_t channels = layer->channels, inside = tile->inside, padded = tile->padded;
  const uint32_t outside = aiedge_load4(layer->outside);
  const uint32_t height = (uint32_t)layer->height;
  const int32_t row_step = layer->width * channels;
  int32_t at = (tile->top * layer->width + tile->first) * channels;
  uint32_t iy = (uint32_t)tile->top;  // beyond the height where it is negative
  for (int32_t rows = tile->input_rows; rows > 0; rows--, iy++, at += row_step) {
    uint32_t *const next = to + AIEDGE_PLANE_ROW_WORDS, *const end = to + tile->words;
    const int8_t *from = layer->outside;
    int32_t second = 0;
    if (iy < height) {
      from = x + at;
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
    for (int32_t left_over = tile->odd; to < end; left_over = 0) {
      aiedge_plane_pair(left_over ? aiedge_load4(from) : outside, outside, to++);
    }
    to = next;
  }
}

// A row of taps, for two neighbouring outputs and for one. A place in the plane is a multiple of four bytes,
// so that one load brings the inputs of two outputs. The weights are two words: taps 0 and 1, and taps 1 and
// 2. In one of them, which is quicker to form so, the taps are exchanged: the instructions are for that.
#define AIEDGE_PASS_2(row, first, last, other, both, tap_0, last_both, tap_2)                     \
  "ldrd r10, r11, " row "\n" tap_0 " lr, r10, " first ", " other "\n" last_both " lr, r11, " last \
  ", lr\n" both " r12, r10, " first ", r12\n" tap_2 " r12, r11, " last ", r12\n"
#define AIEDGE_PASS_1(row, first, last, both, tap_2) \
  "ldrd r10, r11, " row "\n" both " r12, r10, " first ", r12\n" tap_2 " r12, r11, " last ", r12\n"

// Halves of negative numbers go down: a product has the sign of its sum. With the lowest zero point it is all
// one how they go.
#define AIEDGE_PASS_SCALE(sum) "smmlar " sum ", " sum ", r10, r11\n"
#define AIEDGE_PASS_SIGNED(sum) "add r11, r11, " sum ", asr #31\n" AIEDGE_PASS_SCALE(sum)

#define AIEDGE_PASS_STRIDE_1(scale)                                                     \
  AIEDGE_PASS_2("[r0, #224]", "r6", "r7", "r12", "smladx", "smlatt", "smlad", "smlabt") \
  AIEDGE_PASS_2("[r0, #448]", "r8", "r9", "lr", "smlad", "smlatb", "smladx", "smlabb")  \
  AIEDGE_PASS_2("[r0], #4", "r4", "r5", "lr", "smlad", "smlatb", "smladx", "smlabb")    \
  "ldrd r10, r11, [sp, #4]\n" scale                                                     \
  "ldr r10, [sp, #12]\n"                                                                \
  "asr r12, r12, r10\n"                                                                 \
  "asr lr, lr, r10\n"                                                                   \
  "ssat r12, #8, r12\n"                                                                 \
  "ssat lr, #8, lr\n"                                                                   \
  "subs r3, #2\n"                                                                       \
  "strb r12, [r1]\n"                                                                    \
  "it ge\n"                                                                             \
  "strbge lr, [r1, r2]\n"                                                               \
  "add r1, r1, r2, lsl #1\n"

#define AIEDGE_PASS_STRIDE_2(scale)                           \
  AIEDGE_PASS_1("[r0, #224]", "r6", "r7", "smladx", "smlabt") \
  AIEDGE_PASS_1("[r0, #448]", "r8", "r9", "smlad", "smlabb")  \
  AIEDGE_PASS_1("[r0], #4", "r4", "r5", "smlad", "smlabb")    \
  "ldrd r10, r11, [sp, #4]\n" scale                           \
  "ldr r10, [sp, #12]\n"                                      \
  "asr r12, r12, r10\n"                                       \
  "ssat r12, #8, r12\n"                                       \
  "strb r12, [r1]\n"                                          \
  "add r1, r2\n"                                              \
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
  "bne 1b\n"

// What a pass is like, and that three more follow the first.
enum { AIEDGE_PASS_ANY_SIGN = 1, AIEDGE_PASS_IN_TWOS = 2, AIEDGE_PASS_MORE = 3 * 4 };

// The passes of four channels. While one runs there are on the stack: bias, multiplier, rounding, shift,
// columns, rows, to_next_row and to_next_output. r0 is the place in the plane, r1 that in the output, r2 the
// number of channels, r3 counts columns; r4 to r9 are the weights, two words for each row of taps: the first
// two, and the last two. Above that: the plane, the output, the tile, the weights, the last tap and the
// scales of the channel, and what the caller put there.
AIEDGE_ASSEMBLY void aiedge_plane_passes(__attribute__((unused)) const uint32_t *planes,
                                         __attribute__((unused)) int8_t *y,
                                         __attribute__((unused)) const int32_t *tile,
                                         __attribute__((unused)) const int16_t *weights,
                                         __attribute__((unused)) const int32_t *scales,
                                         __attribute__((unused)) int32_t way) {
  __asm volatile(
      "push {r4-r11, lr}\n"
      "add r12, r3, #64\n"
      "ldr lr, [sp, #36]\n"
      "push {r0-r3, r12, lr}\n"
      "7:\n"
      "ldm r2, {r2, r6, r8-r11}\n"
      "ldm lr, {r4, r5, r7}\n"
      "lsl r4, r4, #1\n"
      "lsl r6, r6, r7\n"
      "asr r6, r6, #1\n"
      "push {r4-r11}\n"
      "ldr r4, [r3]\n"
      "ldr r10, [r3, #16]\n"
      "ldr r7, [r3, #32]\n"
      "ldr r8, [r3, #48]\n"
      "ldrh r9, [r12]\n"
      "sadd16 r4, r4, r4\n"
      "sadd16 r10, r10, r10\n"
      "sadd16 r7, r7, r7\n"
      "sadd16 r8, r8, r8\n"
      "lsl r9, r9, #1\n"
      "pkhbt r5, r10, r4\n"
      "pkhbt r6, r7, r10\n"
      "pkhbt r9, r9, r8\n"
      "ldr r3, [sp, #96]\n"
      "lsls r3, r3, #31\n"
      "bcc 4f\n"
      "bmi 3f\n"  //
      AIEDGE_PASS_ROWS(AIEDGE_PASS_STRIDE_1(AIEDGE_PASS_SCALE("r12") AIEDGE_PASS_SCALE("lr")))
      "b 6f\n"
      "3:\n"  //
      AIEDGE_PASS_ROWS(AIEDGE_PASS_STRIDE_1(AIEDGE_PASS_SIGNED("r12") "ldr r11, [sp, #8]\n"  //
                                            AIEDGE_PASS_SIGNED("lr")))
      "b 6f\n"
      "4:\n"
      "bmi 5f\n"  //
      AIEDGE_PASS_ROWS(AIEDGE_PASS_STRIDE_2(AIEDGE_PASS_SCALE("r12")))
      "b 6f\n"
      "5:\n"  //
      AIEDGE_PASS_ROWS(AIEDGE_PASS_STRIDE_2(AIEDGE_PASS_SIGNED("r12")))
      "6:\n"
      "add sp, #32\n"
      "ldm sp, {r0-r3, r12, lr}\n"
      "ldr r4, [sp, #64]\n"
      "add r0, r0, #56\n"
      "add r1, r1, #1\n"
      "add r3, r3, #4\n"
      "add r12, r12, #2\n"
      "add lr, lr, #12\n"
      "subs r4, r4, #4\n"
      "stm sp, {r0-r3, r12, lr}\n"
      "str r4, [sp, #64]\n"
      "bcs 7b\n"
      "add sp, #24\n"
      "pop {r4-r11, pc}\n" ::
          : AIEDGE_CLOBBERED);
}

// A layer of 3x3 taps with a stride of 1 or 2 along the row, no dilation, at most one column of padding on
// the left, channels in fours, whose scaling is plain with shifts up to 22. The scratch, at a multiple
// of four bytes, has 224 bytes for each row of input that `strip` rows of output need.
AIEDGE_KERNEL void aiedge_depthwise_conv_2d_strips_int8(const aiedge_depthwise_conv_2d_int8_layer *layer,
                                                        const int8_t *x, int8_t *y, uint8_t *scratch,
                                                        int32_t strip) {
  uint32_t *const planes = (uint32_t *)(void *)scratch;
  const int32_t channels = layer->channels, width = layer->output_width, height = layer->output_height;
  const int32_t stride_h = layer->stride_h, stride_w = layer->stride_w;
  const int one = stride_w == 1;
  const int32_t way = AIEDGE_PASS_MORE | (one ? AIEDGE_PASS_IN_TWOS : 0) |
                      (layer->output.zero_point == -128 ? 0 : AIEDGE_PASS_ANY_SIGN);
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
      const int32_t left = ox * stride_w - layer->pad_left;
      const int32_t input_columns = (tile.columns - 1) * stride_w + 3;
      tile.padded = left < 0;
      tile.first = left + 2 * tile.padded;
      int32_t to_come = input_columns - 2 * tile.padded;
      if (to_come > layer->width - tile.first) to_come = layer->width - tile.first;
      tile.inside = to_come / 2;
      tile.odd = to_come & 1;
      tile.words = (input_columns + 1) / 2;
      const int32_t done = (tile.columns + one) & ~one;
      tile.to_next_row = 4 * (stride_h * AIEDGE_PLANE_ROW_WORDS - (one ? done / 2 : done));
      tile.to_next_output = (width - done) * channels;
      int8_t *const to = y + (oy * width + ox) * channels;
      const int16_t *weights = layer->weights;
      const int32_t *scales = layer->scales;
      for (int32_t c = 0; c < channels; c += 4) {
        aiedge_planes(layer, x + c, &tile, planes);
        aiedge_plane_passes(planes, to + c, &tile.channels, weights, scales, way);
        weights += 4 * 9;
        scales += 4 * AIEDGE_CHANNEL_STEP;
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
