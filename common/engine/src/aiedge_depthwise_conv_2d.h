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

// The largest number of taps (KH * KW) of a layer in the generated file, rounded up to an even number.
#ifndef AIEDGE_TAPS
#define AIEDGE_TAPS 2
#endif

typedef struct {
  const int8_t *weights;  // [C / 4][taps / 2][8]: for each four channels and pair of taps c0t0 c1t0 c0t1 c1t1
                          // c2t0 c3t0 c2t1 c3t1
  const int8_t *outside;  // C times the input's zero point
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

#if defined(__ARM_FEATURE_DSP) && !defined(AIEDGE_REFERENCE)

// Four channels of one pixel: two taps at a time, their bytes interleaved so that SMLAD adds the two taps of a channel.
static inline const int8_t *aiedge_taps_4(const int8_t *const *taps, const int8_t *const *end, int32_t c,
                                          const int8_t *w, aiedge_channel_sums *s) {
  do {
    const uint32_t a = aiedge_load4(taps[0] + c), b = aiedge_load4(taps[1] + c);
    uint32_t low, high, u, v;
    __asm("pkhbt %0, %1, %2, lsl #16" : "=r"(low) : "r"(a), "r"(b));
    __asm("pkhtb %0, %1, %2, asr #16" : "=r"(high) : "r"(b), "r"(a));
    aiedge_load_weights(&w, &u, &v);
    s->s0 = aiedge_multiply_add_2(aiedge_even(low), aiedge_even(u), s->s0);
    s->s1 = aiedge_multiply_add_2(aiedge_odd(low), aiedge_odd(u), s->s1);
    s->s2 = aiedge_multiply_add_2(aiedge_even(high), aiedge_even(v), s->s2);
    s->s3 = aiedge_multiply_add_2(aiedge_odd(high), aiedge_odd(v), s->s3);
    taps += 2;
  } while (taps != end);
  return w;
}

#else

static inline const int8_t *aiedge_taps_4(const int8_t *const *taps, const int8_t *const *end, int32_t c,
                                          const int8_t *w, aiedge_channel_sums *s) {
  for (; taps != end; taps += 2, w += 8) {
    const int8_t *a = taps[0] + c, *b = taps[1] + c;
    s->s0 += a[0] * w[0] + b[0] * w[2];
    s->s1 += a[1] * w[1] + b[1] * w[3];
    s->s2 += a[2] * w[4] + b[2] * w[6];
    s->s3 += a[3] * w[5] + b[3] * w[7];
  }
  return w;
}

#endif

// One channel of one pixel, whose input is channel `from`; `place` is its place among the four that are packed together.
static inline int32_t aiedge_taps_1(const int8_t *const *taps, const int8_t *const *end, int32_t from, int32_t place,
                                    const int8_t *w) {
  int32_t sum = 0;
  w += (place & 1) + 2 * (place & 2);
  for (; taps != end; taps += 2, w += 8) sum += taps[0][from] * w[0] + taps[1][from] * w[2];
  return sum;
}

AIEDGE_KERNEL void aiedge_depthwise_conv_2d_int8(const aiedge_depthwise_conv_2d_int8_layer *layer,
                                                 const int8_t *x, int8_t *y) {
  const int8_t *taps[AIEDGE_TAPS];
  const int32_t channels = layer->channels;
  const int32_t outputs = channels * layer->depth_multiplier;
  const int32_t pairs = (layer->filter_height * layer->filter_width + 1) / 2;
  const int8_t *const *end = taps + 2 * pairs;
  taps[2 * pairs - 1] = layer->outside;  // an odd last tap has a partner of weight 0

  for (int32_t oy = 0; oy < layer->output_height; oy++) {
    for (int32_t ox = 0; ox < layer->output_width; ox++) {
      const int8_t **tap = taps;
      for (int32_t ky = 0; ky < layer->filter_height; ky++) {
        int32_t iy = oy * layer->stride_h - layer->pad_top + ky * layer->dilation_h;
        int32_t ix = ox * layer->stride_w - layer->pad_left;
        const int8_t *at = x + (iy * layer->width + ix) * channels;
        for (int32_t kx = 0; kx < layer->filter_width; kx++) {
          int inside = iy >= 0 && iy < layer->height && ix >= 0 && ix < layer->width;
          *tap++ = inside ? at : layer->outside;
          ix += layer->dilation_w;
          at += layer->dilation_w * channels;
        }
      }
      const int8_t *w = layer->weights;
      const int32_t *scale = layer->scales;
      int32_t c = 0;
      if (layer->depth_multiplier == 1) {
        for (; c + 4 <= outputs; c += 4, y += 4) {
          enum { STEP = AIEDGE_CHANNEL_STEP };
          aiedge_channel_sums sums = {scale[0], scale[STEP], scale[2 * STEP], scale[3 * STEP]};
          w = aiedge_taps_4(taps, end, c, w, &sums);
          y[0] = (int8_t)aiedge_finish(aiedge_scale(sums.s0, scale), &layer->output);
          y[1] = (int8_t)aiedge_finish(aiedge_scale(sums.s1, scale + STEP), &layer->output);
          y[2] = (int8_t)aiedge_finish(aiedge_scale(sums.s2, scale + 2 * STEP), &layer->output);
          y[3] = (int8_t)aiedge_finish(aiedge_scale(sums.s3, scale + 3 * STEP), &layer->output);
          scale += 4 * STEP;
        }
      }
      for (; c < outputs; c++, scale += AIEDGE_CHANNEL_STEP) {
        int32_t sum = scale[AIEDGE_BIAS] + aiedge_taps_1(taps, end, c / layer->depth_multiplier, c & 3, w);
        *y++ = (int8_t)aiedge_finish(aiedge_scale(sum, scale), &layer->output);
        if ((c & 3) == 3) w += 8 * pairs;
      }
    }
  }
}

#endif
