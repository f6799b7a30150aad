// CONV_2D: y[oy][ox][k] = activation(bias[k] + sum over ky, kx, c of w[k][ky][kx][c] * x[iy][ix][c]).
//
// Letters: x is [H][W][C], y is [OH][OW][K], a filter is [KH][KW][C];
// iy = oy * stride_h - pad_top + ky * dilation_h, and ix alike. Outside of the picture x is its zero point.
//
// Output-stationary: two neighbouring pixels by two filters at a time, so that each weight and each input
// that is loaded serves two sums. Where the window lies inside the picture, a row of it is one run of KW * C
// values in memory and nothing is checked. At the border, and under dilation, the window is copied first.
#ifndef AIEDGE_CONV_2D_H
#define AIEDGE_CONV_2D_H

#include "aiedge_dot.h"
#include "aiedge_engine.h"
#include "aiedge_requantize.h"

// Bytes of the largest window of a layer in the generated file that uses windows; each row of it is a
// multiple of four.
#ifndef AIEDGE_WINDOW_BYTES
#define AIEDGE_WINDOW_BYTES 4
#endif

typedef struct {
  const int8_t *weights;  // packed in pairs of filters, see aiedge_dot.h
  const int32_t *scales;  // bias, multiplier and shift of each filter; the input's zero point is folded in
  aiedge_output output;
  int16_t height, width, channels;
  int16_t output_height, output_width, filters;
  int16_t filter_height, filter_width;
  int16_t stride_h, stride_w;
  int16_t dilation_h, dilation_w;
  int16_t pad_top, pad_left;
  int16_t input_zero_point;
  int16_t gathered;  // 1 where windows are copied everywhere, and a filter is one run: few input channels
  int16_t pool_height, pool_width;  // a fused MAX_POOL_2D with stride = window; 1, 1 without
} aiedge_conv_2d_int8_layer;

// Copies `count` values; reads nothing beyond.
static inline int8_t *aiedge_conv_2d_copy(int8_t *to, const int8_t *from, int32_t count) {
#if defined(__ARM_FEATURE_UNALIGNED) || defined(AIEDGE_AVX2) || defined(__wasm__)
  if (count >= 4) {
    // Words, the last of which overlaps the one before it.
    int8_t *end = to + count;
    const int8_t *last = from + count - 4;
    while (from < last) {
      memcpy(to, from, 4);
      to += 4;
      from += 4;
    }
    memcpy(end - 4, last, 4);
    return end;
  }
#endif
  while (count-- > 0) *to++ = *from++;
  return to;
}

// Copies the window of one pixel, with the zero point where it lies outside.
static __attribute__((noinline)) AIEDGE_HOT void aiedge_conv_2d_window(const aiedge_conv_2d_int8_layer *layer,
                                                                       const int8_t *x, int32_t top,
                                                                       int32_t left, int inside,
                                                                       int8_t *window) {
  const int32_t channels = layer->channels, row = layer->filter_width * channels;
  const int32_t row_bytes = layer->gathered ? row : (row + 3) & ~3;
  if (inside) {
    const int32_t step = layer->dilation_h * layer->width * channels;
    const int8_t *from = x + (top * layer->width + left) * channels;
    for (int32_t ky = layer->filter_height; ky > 0; ky--) {
      aiedge_conv_2d_copy(window, from, row);
      window += row_bytes;
      from += step;
    }
    return;
  }
  for (int32_t ky = 0; ky < layer->filter_height; ky++, top += layer->dilation_h) {
    int8_t *to = window;
    window += row_bytes;
    for (int32_t kx = 0, ix = left; kx < layer->filter_width; kx++, ix += layer->dilation_w) {
      if (top >= 0 && top < layer->height && ix >= 0 && ix < layer->width) {
        to = aiedge_conv_2d_copy(to, x + (top * layer->width + ix) * channels, channels);
      } else {
        for (int32_t c = 0; c < channels; c++) *to++ = (int8_t)layer->input_zero_point;
      }
    }
  }
}

#ifdef AIEDGE_AVX2

#include "aiedge_conv_2d_avx2.h"

#else

// Two neighbouring pixels in all channels. A function of its own, so that the inner loop does not share its
// registers and its stack with the search for windows.
AIEDGE_KERNEL void aiedge_conv_2d_pixels(const aiedge_conv_2d_int8_layer *layer, const int8_t *x0,
                                         const int8_t *x1, int32_t row_step, int8_t *y0, int8_t *y1) {
  const aiedge_output output = layer->output;
  const int32_t row = layer->filter_width * layer->channels;
  const int32_t runs = layer->gathered ? 1 : layer->filter_height;
  const int32_t run = layer->gathered ? layer->filter_height * row : row;
  const int pooled = layer->pool_height * layer->pool_width > 1;
  int32_t offset0 = 0, offset1 = 0;
  for (int32_t r = 0; r < runs; r++) {
    offset0 += aiedge_offset(x0 + r * row_step, run);
    offset1 += aiedge_offset(x1 + r * row_step, run);
  }
  const int8_t *w = layer->weights;
  const int32_t *scale = layer->scales, *end = scale + layer->filters * AIEDGE_CHANNEL_STEP;
  while (scale != end) {
    // An odd last filter is computed twice.
    const int32_t two = scale + AIEDGE_CHANNEL_STEP != end;
    const int32_t *other = scale + two * AIEDGE_CHANNEL_STEP;
    aiedge_sums sums = {scale[AIEDGE_BIAS] - offset0, other[AIEDGE_BIAS] - offset0,
                        scale[AIEDGE_BIAS] - offset1, other[AIEDGE_BIAS] - offset1};
    const int8_t *row0 = x0, *row1 = x1;
    for (int32_t ky = runs; ky > 0; ky--) {
      w = aiedge_dot_2x2(row0, row1, w, run, &sums);
      row0 += row_step;
      row1 += row_step;
    }
    int32_t q00, q01, q10, q11;
    if (output.plain) {
      const int32_t zero_point = output.zero_point;
      const int32_t multiplier0 = scale[AIEDGE_MULTIPLIER], shift0 = scale[AIEDGE_SHIFT];
      q00 = aiedge_finish_fast(sums.s00, multiplier0, shift0, zero_point);
      q10 = aiedge_finish_fast(sums.s10, multiplier0, shift0, zero_point);
      const int32_t multiplier1 = other[AIEDGE_MULTIPLIER], shift1 = other[AIEDGE_SHIFT];
      q01 = aiedge_finish_fast(sums.s01, multiplier1, shift1, zero_point);
      q11 = aiedge_finish_fast(sums.s11, multiplier1, shift1, zero_point);
    } else {
      q00 = aiedge_finish(sums.s00, scale, &output);
      q10 = aiedge_finish(sums.s10, scale, &output);
      q01 = aiedge_finish(sums.s01, other, &output);
      q11 = aiedge_finish(sums.s11, other, &output);
    }
    if (pooled) {
      // One after the other: both pixels may lie in one pool.
      if (q00 > y0[0]) y0[0] = (int8_t)q00;
      if (q10 > y1[0]) y1[0] = (int8_t)q10;
      if (q01 > y0[two]) y0[two] = (int8_t)q01;
      if (q11 > y1[two]) y1[two] = (int8_t)q11;
    } else {
      y0[0] = (int8_t)q00;
      y1[0] = (int8_t)q10;
      y0[two] = (int8_t)q01;
      y1[two] = (int8_t)q11;
    }
    y0 += 2;
    y1 += 2;
    scale = other + AIEDGE_CHANNEL_STEP;
  }
}

AIEDGE_KERNEL void aiedge_conv_2d_int8(const aiedge_conv_2d_int8_layer *layer, const int8_t *x, int8_t *y) {
  _Alignas(4) int8_t windows[2][AIEDGE_WINDOW_BYTES];
  const int32_t filters = layer->filters, channels = layer->channels;
  const int32_t row = layer->filter_width * channels;
  const int32_t reach_h = (layer->filter_height - 1) * layer->dilation_h;
  const int32_t reach_w = (layer->filter_width - 1) * layer->dilation_w;
  const int32_t pooled_width = layer->output_width / layer->pool_width;
  const int pooled = layer->pool_height * layer->pool_width > 1;
  if (pooled) memset(y, -128, (size_t)(layer->output_height / layer->pool_height * pooled_width * filters));

  for (int32_t oy = 0; oy < layer->output_height; oy++) {
    const int32_t top = oy * layer->stride_h - layer->pad_top;
    const int inside_rows = top >= 0 && top + reach_h < layer->height && layer->dilation_w == 1;
    int8_t *y_row = y + oy / layer->pool_height * pooled_width * filters;
    for (int32_t ox = 0; ox < layer->output_width; ox += 2) {
      // An odd last pixel is computed twice.
      const int32_t second = ox + 1 < layer->output_width;
      const int32_t left = ox * layer->stride_w - layer->pad_left;
      const int32_t next = left + second * layer->stride_w;
      const int8_t *x0, *x1;
      int32_t row_step;
      const int inside = inside_rows && left >= 0 && next + reach_w < layer->width;
      const int32_t at0 = (top * layer->width + left) * channels;
      const int32_t at1 = (top * layer->width + next) * channels;
      if (inside && !layer->gathered && aiedge_dot_takes(x + at0, x + at1)) {
        x0 = x + at0;
        x1 = x + at1;
        row_step = layer->dilation_h * layer->width * channels;
      } else {
        aiedge_conv_2d_window(layer, x, top, left, inside, windows[0]);
        aiedge_conv_2d_window(layer, x, top, next, inside, windows[1]);
        x0 = windows[0];
        x1 = windows[1];
        row_step = (row + 3) & ~3;
      }
      int8_t *y0 = y_row + ox / layer->pool_width * filters;
      int8_t *y1 = y_row + (ox + second) / layer->pool_width * filters;
      aiedge_conv_2d_pixels(layer, x0, x1, row_step, y0, y1);
    }
  }
}

#endif

#ifdef AIEDGE_DSP

#include "aiedge_pointwise.h"

// The same for windows that are copied everywhere, filters in twos, plain scaling and no pool. The copies of
// two pixels are as two pixels of a pointwise layer; behind the last value weights are zero.
AIEDGE_KERNEL void aiedge_conv_2d_windows_int8(const aiedge_conv_2d_int8_layer *layer, const int8_t *x,
                                               int8_t *y) {
  _Alignas(4) int8_t windows[2][AIEDGE_WINDOW_BYTES];
  const int32_t filters = layer->filters, run = layer->filter_height * layer->filter_width * layer->channels;
  const int32_t reach_h = (layer->filter_height - 1) * layer->dilation_h;
  const int32_t reach_w = (layer->filter_width - 1) * layer->dilation_w;
  const aiedge_pointwise_int8_layer taps = {layer->weights, layer->scales, layer->output.zero_point, 2,
                                            (run + 3) & ~3, filters};
  for (int32_t oy = 0; oy < layer->output_height; oy++) {
    const int32_t top = oy * layer->stride_h - layer->pad_top;
    const int inside_rows = top >= 0 && top + reach_h < layer->height && layer->dilation_w == 1;
    for (int32_t ox = 0; ox < layer->output_width; ox += 2) {
      // An odd last pixel is computed twice.
      const int32_t second = ox + 1 < layer->output_width;
      const int32_t left = ox * layer->stride_w - layer->pad_left;
      const int32_t next = left + second * layer->stride_w;
      const int inside = inside_rows && left >= 0 && next + reach_w < layer->width;
      aiedge_conv_2d_window(layer, x, top, left, inside, windows[0]);
      aiedge_conv_2d_window(layer, x, top, next, inside, windows[1]);
      aiedge_pointwise_pixels(windows[0], windows[1], &taps, y, y + second * filters);
      y += (1 + second) * filters;
    }
  }
}

#else

AIEDGE_INLINE void aiedge_conv_2d_windows_int8(const aiedge_conv_2d_int8_layer *layer, const int8_t *x,
                                               int8_t *y) {
  aiedge_conv_2d_int8(layer, x, y);
}

#endif

#endif
