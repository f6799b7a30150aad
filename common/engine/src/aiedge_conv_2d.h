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
  const int32_t *bias;    // the input's zero point is folded in
  const int32_t *multiplier;
  const int8_t *shift;
  int16_t height, width, channels;
  int16_t output_height, output_width, filters;
  int16_t filter_height, filter_width;
  int16_t stride_h, stride_w;
  int16_t dilation_h, dilation_w;
  int16_t pad_top, pad_left;
  int16_t input_zero_point, output_zero_point;
  int16_t low, high;                // the fused activation's range
  int16_t pool_height, pool_width;  // a fused MAX_POOL_2D with stride = window; 1, 1 without
} aiedge_conv_2d_int8_layer;

// Copies the window of one pixel, with the zero point where it lies outside.
static inline void aiedge_conv_2d_window(const aiedge_conv_2d_int8_layer *layer, const int8_t *x, int32_t top,
                                         int32_t left, int8_t *window) {
  int32_t channels = layer->channels;
  int32_t row_bytes = (layer->filter_width * channels + 3) & ~3;
  for (int32_t ky = 0; ky < layer->filter_height; ky++) {
    int32_t iy = top + ky * layer->dilation_h;
    int8_t *to = window + ky * row_bytes;
    for (int32_t kx = 0; kx < layer->filter_width; kx++) {
      int32_t ix = left + kx * layer->dilation_w;
      if (iy < 0 || iy >= layer->height || ix < 0 || ix >= layer->width) {
        for (int32_t c = 0; c < channels; c++) *to++ = (int8_t)layer->input_zero_point;
      } else {
        const int8_t *from = x + (iy * layer->width + ix) * channels;
        for (int32_t c = 0; c < channels; c++) *to++ = *from++;
      }
    }
  }
}

// Stores an output, or its maximum with what the pooled map has.
static inline void aiedge_conv_2d_store(int8_t *y, int8_t value, int pooled) {
  if (!pooled || value > *y) *y = value;
}

AIEDGE_KERNEL void aiedge_conv_2d_int8(const aiedge_conv_2d_int8_layer *layer, const int8_t *x, int8_t *y) {
  _Alignas(4) int8_t windows[2][AIEDGE_WINDOW_BYTES];
  const int32_t filters = layer->filters, channels = layer->channels;
  const int32_t run = layer->filter_width * channels;
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
      if (inside_rows && left >= 0 && next + reach_w < layer->width) {
        x0 = x + (top * layer->width + left) * channels;
        x1 = x + (top * layer->width + next) * channels;
        row_step = layer->dilation_h * layer->width * channels;
      } else {
        aiedge_conv_2d_window(layer, x, top, left, windows[0]);
        aiedge_conv_2d_window(layer, x, top, next, windows[1]);
        x0 = windows[0];
        x1 = windows[1];
        row_step = (run + 3) & ~3;
      }
      int8_t *y0 = y_row + ox / layer->pool_width * filters;
      int8_t *y1 = y_row + (ox + second) / layer->pool_width * filters;
      const int8_t *w = layer->weights;
      for (int32_t k = 0; k < filters; k += 2) {
        const int32_t two = k + 1 < filters;
        int32_t sum[4] = {layer->bias[k], layer->bias[k + two], layer->bias[k], layer->bias[k + two]};
        const int8_t *row0 = x0, *row1 = x1;
        for (int32_t ky = 0; ky < layer->filter_height; ky++) {
          w = aiedge_dot_2x2(row0, row1, w, run, sum);
          row0 += row_step;
          row1 += row_step;
        }
        for (int32_t f = 0; f <= two; f++) {
          int32_t multiplier = layer->multiplier[k + f], shift = layer->shift[k + f];
          int32_t q0 = aiedge_multiply(sum[f], multiplier, shift) + layer->output_zero_point;
          int32_t q1 = aiedge_multiply(sum[2 + f], multiplier, shift) + layer->output_zero_point;
          aiedge_conv_2d_store(y0 + k + f, aiedge_clamp(q0, layer->low, layer->high), pooled);
          aiedge_conv_2d_store(y1 + k + f, aiedge_clamp(q1, layer->low, layer->high), pooled);
        }
      }
    }
  }
}

#endif
