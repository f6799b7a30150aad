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
  const int32_t *bias;    // the input's zero point is folded in
  const int32_t *multiplier;
  const int8_t *shift;
  int16_t height, width, channels;
  int16_t output_height, output_width;
  int16_t filter_height, filter_width;
  int16_t stride_h, stride_w;
  int16_t dilation_h, dilation_w;
  int16_t pad_top, pad_left;
  int16_t depth_multiplier;
  int16_t output_zero_point;
  int16_t low, high;
} aiedge_depthwise_conv_2d_int8_layer;

#if defined(__ARM_FEATURE_DSP) && !defined(AIEDGE_REFERENCE)

// Four channels of one pixel: two taps at a time, their bytes interleaved so that SMLAD adds the two taps of
// a channel.
static inline const int8_t *aiedge_taps_4(const int8_t *const *taps, int32_t pairs, int32_t c,
                                          const int8_t *w, int32_t sum[4]) {
  int32_t s0 = sum[0], s1 = sum[1], s2 = sum[2], s3 = sum[3];
  for (const int8_t *const *end = taps + 2 * pairs; taps != end; taps += 2, w += 8) {
    uint32_t a = aiedge_load4(taps[0] + c), b = aiedge_load4(taps[1] + c), low, high;
    __asm("pkhbt %0, %1, %2, lsl #16" : "=r"(low) : "r"(a), "r"(b));
    __asm("pkhtb %0, %1, %2, asr #16" : "=r"(high) : "r"(b), "r"(a));
    uint32_t u = aiedge_load4(w), v = aiedge_load4(w + 4);
    s0 = aiedge_multiply_add_2(aiedge_even(low), aiedge_even(u), s0);
    s1 = aiedge_multiply_add_2(aiedge_odd(low), aiedge_odd(u), s1);
    s2 = aiedge_multiply_add_2(aiedge_even(high), aiedge_even(v), s2);
    s3 = aiedge_multiply_add_2(aiedge_odd(high), aiedge_odd(v), s3);
  }
  sum[0] = s0, sum[1] = s1, sum[2] = s2, sum[3] = s3;
  return w;
}

#else

static inline const int8_t *aiedge_taps_4(const int8_t *const *taps, int32_t pairs, int32_t c,
                                          const int8_t *w, int32_t sum[4]) {
  for (int32_t pair = 0; pair < pairs; pair++, w += 8) {
    const int8_t *a = taps[2 * pair] + c, *b = taps[2 * pair + 1] + c;
    sum[0] += a[0] * w[0] + b[0] * w[2];
    sum[1] += a[1] * w[1] + b[1] * w[3];
    sum[2] += a[2] * w[4] + b[2] * w[6];
    sum[3] += a[3] * w[5] + b[3] * w[7];
  }
  return w;
}

#endif

// One to four channels, or channels whose inputs are not neighbours (depth_multiplier > 1).
static inline const int8_t *aiedge_taps_few(const int8_t *const *taps, int32_t pairs, int32_t c,
                                            int32_t count, int32_t depth_multiplier, const int8_t *w,
                                            int32_t sum[4]) {
  static const uint8_t place[4] = {0, 1, 4, 5};
  for (int32_t pair = 0; pair < pairs; pair++, w += 8) {
    for (int32_t i = 0; i < count; i++) {
      int32_t from = (c + i) / depth_multiplier;
      sum[i] += taps[2 * pair][from] * w[place[i]] + taps[2 * pair + 1][from] * w[place[i] + 2];
    }
  }
  return w;
}

AIEDGE_KERNEL void aiedge_depthwise_conv_2d_int8(const aiedge_depthwise_conv_2d_int8_layer *layer,
                                                 const int8_t *x, int8_t *y) {
  const int8_t *taps[AIEDGE_TAPS];
  const int32_t channels = layer->channels;
  const int32_t outputs = channels * layer->depth_multiplier;
  const int32_t pairs = (layer->filter_height * layer->filter_width + 1) / 2;
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
      for (int32_t c = 0; c < outputs; c += 4) {
        const int32_t count = outputs - c < 4 ? outputs - c : 4;
        int32_t sum[4] = {0, 0, 0, 0};
        if (count == 4 && layer->depth_multiplier == 1) {
          w = aiedge_taps_4(taps, pairs, c, w, sum);
        } else {
          w = aiedge_taps_few(taps, pairs, c, count, layer->depth_multiplier, w, sum);
        }
        for (int32_t i = 0; i < count; i++) {
          int32_t q =
              aiedge_multiply(sum[i] + layer->bias[c + i], layer->multiplier[c + i], layer->shift[c + i]);
          *y++ = aiedge_clamp(q + layer->output_zero_point, layer->low, layer->high);
        }
      }
    }
  }
}

#endif
