// DEPTHWISE_CONV_2D: y[oy][ox][c] = activation(bias[c] + sum over ky, kx of w[ky][kx][c] * x[iy][ix][c /
// multiplier]).
//
// Letters and padding as in aiedge_conv_2d.h; K = C * depth_multiplier outputs. For each output pixel the
// kernel first notes where each tap of the window lies, a row of zero points for taps outside; the loop over
// channels then checks nothing.
#ifndef AIEDGE_DEPTHWISE_CONV_2D_H
#define AIEDGE_DEPTHWISE_CONV_2D_H

#include "aiedge_dot.h"
#include "aiedge_engine.h"
#include "aiedge_requantize.h"
#ifdef AIEDGE_AVX2
#include "aiedge_depthwise_conv_2d_avx2.h"
#endif

// The largest number of taps (KH * KW) of a layer in the generated file.
#ifndef AIEDGE_TAPS
#define AIEDGE_TAPS 1
#endif

typedef struct {
  const int16_t *weights;  // for each four channels and pair of taps c0t0 c0t1 c1t0 c1t1 ...; a last odd tap
                           // has c0 c1 c2 c3 c2t0 c3t0 c2t1 c3t1
  const int8_t *outside;   // C times the input's zero point
  const int32_t *scales;   // bias, multiplier and shift of each output; the input's zero point is folded in
  aiedge_output output;
  int16_t height, width, channels;
  int16_t output_height, output_width;
  int16_t filter_height, filter_width;
  int16_t stride_h, stride_w;
  int16_t dilation_h, dilation_w;
  int16_t pad_top, pad_left;
  int16_t depth_multiplier;
} aiedge_depthwise_conv_2d_int8_layer;

typedef struct {
  int32_t s0, s1, s2, s3;
} aiedge_channel_sums;

// An input as the kernel takes it, see AIEDGE_OFFSET.
static inline int32_t aiedge_input(const int8_t *x) {
#ifdef AIEDGE_OFFSET
  return (int32_t)aiedge_byte_offset(x);
#else
  return *x;
#endif
}

#ifdef AIEDGE_DSP

// Four channels of one pixel: two taps at a time, their bytes interleaved so that SMLAD adds the two taps of
// a channel.
static inline const int16_t *aiedge_taps_4(const int8_t *const *taps, const int8_t *const *end, int32_t odd,
                                           int32_t c, const int16_t *w, aiedge_channel_sums *s) {
  uint32_t a, b, low, u, v;
  // In assembly, since the compiler loads each pointer by itself.
  if (taps != end) {
    __asm volatile(
        "1:\n"
        "ldrd %[a], %[b], [%[taps]], #8\n"
        "ldr %[a], [%[a], %[c]]\n"
        "ldr %[b], [%[b], %[c]]\n"
        "ldrd %[u], %[v], [%[w]], #16\n"
        "pkhbt %[low], %[a], %[b], lsl #16\n"
        "pkhtb %[b], %[b], %[a], asr #16\n"
        "sxtb16 %[a], %[low]\n"
        "smlad %[s0], %[a], %[u], %[s0]\n"
        "sxtb16 %[low], %[low], ror #8\n"
        "smlad %[s1], %[low], %[v], %[s1]\n"
        "ldrd %[u], %[v], [%[w], #-8]\n"
        "sxtb16 %[a], %[b]\n"
        "smlad %[s2], %[a], %[u], %[s2]\n"
        "sxtb16 %[b], %[b], ror #8\n"
        "smlad %[s3], %[b], %[v], %[s3]\n"
        "cmp %[taps], %[end]\n"
        "bne 1b\n"
        : [taps] "+&r"(taps), [w] "+&r"(w), [s0] "+&r"(s->s0), [s1] "+&r"(s->s1), [s2] "+&r"(s->s2),
          [s3] "+&r"(s->s3), [a] "=&r"(a), [b] "=&r"(b), [low] "=&r"(low), [u] "=&r"(u), [v] "=&r"(v)
        : [c] "r"(c), [end] "r"(end)
        : "cc", "memory");
  }
  if (odd) {
    a = aiedge_load4(taps[0] + c);
    const uint32_t a0 = aiedge_even(a), a1 = aiedge_odd(a);
    memcpy(&u, w, sizeof u);
    memcpy(&v, w + 2, sizeof v);
    w += 4;
    __asm("smlabb %0, %1, %2, %0" : "+r"(s->s0) : "r"(a0), "r"(u));
    __asm("smlabt %0, %1, %2, %0" : "+r"(s->s1) : "r"(a1), "r"(u));
    __asm("smlatb %0, %1, %2, %0" : "+r"(s->s2) : "r"(a0), "r"(v));
    __asm("smlatt %0, %1, %2, %0" : "+r"(s->s3) : "r"(a1), "r"(v));
  }
  return w;
}

#elif defined(AIEDGE_WASM)

#include "aiedge_depthwise_conv_2d_wasm.h"

#else

static inline const int16_t *aiedge_taps_4(const int8_t *const *taps, const int8_t *const *end, int32_t odd,
                                           int32_t c, const int16_t *w, aiedge_channel_sums *s) {
  int32_t s0 = s->s0, s1 = s->s1, s2 = s->s2, s3 = s->s3;
  for (; taps != end; taps += 2, w += 8) {
    const int8_t *a = taps[0] + c, *b = taps[1] + c;
    s0 += aiedge_input(a) * w[0] + aiedge_input(b) * w[1];
    s1 += aiedge_input(a + 1) * w[2] + aiedge_input(b + 1) * w[3];
    s2 += aiedge_input(a + 2) * w[4] + aiedge_input(b + 2) * w[5];
    s3 += aiedge_input(a + 3) * w[6] + aiedge_input(b + 3) * w[7];
  }
  if (odd) {
    const int8_t *a = taps[0] + c;
    s0 += aiedge_input(a) * w[0];
    s1 += aiedge_input(a + 1) * w[1];
    s2 += aiedge_input(a + 2) * w[2];
    s3 += aiedge_input(a + 3) * w[3];
    w += 4;
  }
  s->s0 = s0, s->s1 = s1, s->s2 = s2, s->s3 = s3;
  return w;
}

#endif

// One channel of one pixel, whose input is channel `from`; `place` is its place among the four that are
// packed together.
static inline int32_t aiedge_taps_1(const int8_t *const *taps, const int8_t *const *end, int32_t odd,
                                    int32_t from, int32_t place, const int16_t *w) {
  int32_t sum = 0;
  for (; taps != end; taps += 2, w += 8)
    sum += aiedge_input(taps[0] + from) * w[2 * place] + aiedge_input(taps[1] + from) * w[2 * place + 1];
  return odd ? sum + aiedge_input(taps[0] + from) * w[place] : sum;
}

AIEDGE_KERNEL void aiedge_depthwise_conv_2d_int8(const aiedge_depthwise_conv_2d_int8_layer *layer,
                                                 const int8_t *x, int8_t *y) {
  const int8_t *taps[AIEDGE_TAPS];
  const aiedge_output output = layer->output;
  const int32_t channels = layer->channels;
  const int32_t outputs = channels * layer->depth_multiplier;
  const int32_t pairs = layer->filter_height * layer->filter_width / 2;
  const int32_t odd = layer->filter_height * layer->filter_width % 2;
  const int8_t *const *end = taps + 2 * pairs;
  const int32_t reach_h = (layer->filter_height - 1) * layer->dilation_h;
  const int32_t reach_w = (layer->filter_width - 1) * layer->dilation_w;
  const int32_t tap_step = layer->dilation_w * channels;
  const int32_t row_step = layer->dilation_h * layer->width * channels;
  for (int32_t oy = 0; oy < layer->output_height; oy++) {
    const int32_t top = oy * layer->stride_h - layer->pad_top;
    const int inside_rows = top >= 0 && top + reach_h < layer->height;
    for (int32_t ox = 0; ox < layer->output_width; ox++) {
      const int32_t left = ox * layer->stride_w - layer->pad_left;
      const int8_t **tap = taps;
      int32_t row = (top * layer->width + left) * channels;
      if (inside_rows && left >= 0 && left + reach_w < layer->width) {
        for (int32_t ky = layer->filter_height; ky > 0; ky--, row += row_step) {
          const int8_t *at = x + row;
          for (int32_t kx = layer->filter_width; kx > 0; kx--, at += tap_step) *tap++ = at;
        }
      } else {
        for (int32_t ky = 0, iy = top; ky < layer->filter_height;
             ky++, iy += layer->dilation_h, row += row_step) {
          const int inside_row = iy >= 0 && iy < layer->height;
          int32_t at = row;
          for (int32_t kx = 0, ix = left; kx < layer->filter_width;
               kx++, ix += layer->dilation_w, at += tap_step) {
            *tap++ = inside_row && ix >= 0 && ix < layer->width ? x + at : layer->outside;
          }
        }
      }
      const int16_t *w = layer->weights;
      const int32_t *scale = layer->scales;
      int32_t c = 0;
      if (layer->depth_multiplier == 1) {
#ifdef AIEDGE_AVX2
        c = aiedge_taps_avx2(taps, end, odd, w, scale, outputs, &output, y);
        y += c;
        w += c / 4 * (8 * pairs + 4 * odd);
        scale += c * AIEDGE_CHANNEL_STEP;
#endif
        for (; c + 4 <= outputs; c += 4, y += 4) {
          enum { STEP = AIEDGE_CHANNEL_STEP };
          aiedge_channel_sums sums = {scale[0], scale[STEP], scale[2 * STEP], scale[3 * STEP]};
          w = aiedge_taps_4(taps, end, odd, c, w, &sums);
          if (output.plain) {
            y[0] = (int8_t)aiedge_finish_fast(sums.s0, scale[1], scale[2], output.zero_point);
            y[1] = (int8_t)aiedge_finish_fast(sums.s1, scale[STEP + 1], scale[STEP + 2], output.zero_point);
            y[2] = (int8_t)aiedge_finish_fast(sums.s2, scale[2 * STEP + 1], scale[2 * STEP + 2],
                                              output.zero_point);
            y[3] = (int8_t)aiedge_finish_fast(sums.s3, scale[3 * STEP + 1], scale[3 * STEP + 2],
                                              output.zero_point);
          } else {
            y[0] = aiedge_finish(sums.s0, scale, &output);
            y[1] = aiedge_finish(sums.s1, scale + STEP, &output);
            y[2] = aiedge_finish(sums.s2, scale + 2 * STEP, &output);
            y[3] = aiedge_finish(sums.s3, scale + 3 * STEP, &output);
          }
          scale += 4 * STEP;
        }
      }
      for (; c < outputs; c++, scale += AIEDGE_CHANNEL_STEP) {
        int32_t sum =
            scale[AIEDGE_BIAS] + aiedge_taps_1(taps, end, odd, c / layer->depth_multiplier, c & 3, w);
        *y++ = aiedge_finish(sum, scale, &output);
        if ((c & 3) == 3) w += 8 * pairs + 4 * odd;
      }
    }
  }
}

#ifdef AIEDGE_DSP

#include "aiedge_depthwise_conv_2d_dsp.h"

#else

// What that file has for layers of 3x3 taps in place of the above; any other core needs no scratch.
AIEDGE_INLINE void aiedge_depthwise_conv_2d_rows_int8(const aiedge_depthwise_conv_2d_int8_layer *layer,
                                                      const int8_t *x, int8_t *y) {
  aiedge_depthwise_conv_2d_int8(layer, x, y);
}

AIEDGE_INLINE void aiedge_depthwise_conv_2d_strips_int8(const aiedge_depthwise_conv_2d_int8_layer *layer,
                                                        const int8_t *x, int8_t *y, uint8_t *scratch,
                                                        int32_t strip) {
  (void)scratch;
  (void)strip;
  aiedge_depthwise_conv_2d_int8(layer, x, y);
}

#endif

#endif
