// CONV_2D with 1x1 filters and stride 1: y[p][k] = activation(bias[k] + sum over c of w[k][c] * x[p][c]).
//
// Letters: P pixels, C channels, K filters. Nothing lies outside, and pixels are neighbours in memory, so
// this is the inner loop of aiedge_conv_2d.h with as little as possible around it: in most networks it does
// most of the work. A fused activation that leaves less than all of int8 goes to aiedge_conv_2d.h.
#ifndef AIEDGE_POINTWISE_H
#define AIEDGE_POINTWISE_H

#include "aiedge_dot.h"
#include "aiedge_engine.h"
#include "aiedge_requantize.h"

typedef struct {
  const int8_t *weights;  // packed in pairs of filters, see aiedge_dot.h
  const int32_t *scales;  // bias, multiplier and shift of each filter; the input's zero point is folded in
  int32_t zero_point;     // the output's
  int32_t pixels, channels, filters;
} aiedge_pointwise_int8_layer;

#ifdef AIEDGE_AVX2

#include "aiedge_pointwise_avx2.h"

#else

AIEDGE_KERNEL void aiedge_pointwise_int8(const aiedge_pointwise_int8_layer *layer, const int8_t *x,
                                         int8_t *y) {
  enum { STEP = AIEDGE_CHANNEL_STEP };
  const int32_t zero_point = layer->zero_point;
  const int32_t channels = layer->channels, filters = layer->filters;
  for (int32_t p = layer->pixels; p > 0; p -= 2) {
    // An odd last pixel is computed twice.
    const int8_t *x1 = p > 1 ? x + channels : x;
    const int32_t to_y1 = p > 1 ? filters : 0;
    const int32_t offset0 = aiedge_offset(x, channels), offset1 = aiedge_offset(x1, channels);
    const int8_t *w = layer->weights;
    const int32_t *scale = layer->scales;
    for (const int32_t *end = scale + (filters & ~1) * STEP; scale != end; scale += 2 * STEP, y += 2) {
      aiedge_sums sums = {scale[0] - offset0, scale[STEP] - offset0, scale[0] - offset1,
                          scale[STEP] - offset1};
      w = aiedge_dot_2x2(x, x1, w, channels, &sums);
      const int32_t multiplier0 = scale[AIEDGE_MULTIPLIER], shift0 = scale[AIEDGE_SHIFT];
      const int32_t q00 = aiedge_finish_fast(sums.s00, multiplier0, shift0, zero_point);
      const int32_t q10 = aiedge_finish_fast(sums.s10, multiplier0, shift0, zero_point);
      const int32_t multiplier1 = scale[STEP + AIEDGE_MULTIPLIER], shift1 = scale[STEP + AIEDGE_SHIFT];
      const int32_t q01 = aiedge_finish_fast(sums.s01, multiplier1, shift1, zero_point);
      const int32_t q11 = aiedge_finish_fast(sums.s11, multiplier1, shift1, zero_point);
      y[0] = (int8_t)q00;
      y[1] = (int8_t)q01;
      y[to_y1] = (int8_t)q10;
      y[to_y1 + 1] = (int8_t)q11;
    }
    if (filters & 1) {
      // The last filter stands twice in the weights.
      aiedge_sums sums = {scale[0] - offset0, 0, 0, 0};
      aiedge_dot_1x2(x, w, channels, &sums);
      y[0] = (int8_t)aiedge_finish_fast(sums.s00, scale[AIEDGE_MULTIPLIER], scale[AIEDGE_SHIFT], zero_point);
      sums.s00 = scale[0] - offset1;
      aiedge_dot_1x2(x1, w, channels, &sums);
      y[to_y1] =
          (int8_t)aiedge_finish_fast(sums.s00, scale[AIEDGE_MULTIPLIER], scale[AIEDGE_SHIFT], zero_point);
      y++;
    }
    y += to_y1;
    x = x1 + channels;
  }
}

#endif

#ifdef AIEDGE_DSP

#include "aiedge_pointwise_dsp.h"

#else

// What that file has for channels in fours and filters in twos.
AIEDGE_INLINE void aiedge_pointwise_even_int8(const aiedge_pointwise_int8_layer *layer, const int8_t *x,
                                              int8_t *y) {
  aiedge_pointwise_int8(layer, x, y);
}

#endif

#endif
