// CONV_2D, with or without a MAX_POOL_2D after it, and FULLY_CONNECTED on the ESP32's core, see aiedge_lx6.h.
//
// Letters and padding as in aiedge_conv_2d.h. Strip by strip, as many outputs as the scratch holds: their
// windows are laid out one after the other as int16, and then each filter, unpacked, passes over all of them.
#ifndef AIEDGE_CONV_2D_LX6_H
#define AIEDGE_CONV_2D_LX6_H

#include "aiedge_lx6.h"

typedef struct {
  const int8_t *weights;  // `taps` for each filter, ordered so that unpacking gives the order of the windows
  const int16_t *wide;    // or, where this is not NULL, unpacked ones
  const int32_t *scales;  // see aiedge_lx6.h
  int16_t height, width, channels;
  int16_t output_height, output_width, filters;  // without the pool
  int16_t filter_height, filter_width;
  int16_t stride_h, stride_w;
  int16_t dilation_h, dilation_w;
  int16_t pad_top, pad_left;
  int16_t outside;                  // the input's zero point, plus 128
  int16_t pool_height, pool_width;  // a fused MAX_POOL_2D with stride = window; 1, 1 without
  int16_t raises;                   // 1 where such a pool raises what y holds already
  int16_t taps;                     // of a window, filled up to a multiple of four
  int16_t strip;                    // outputs at a time
  int16_t ordered;                  // 1 where windows are in the order of aiedge_lx6_expand()
  int16_t contiguous;               // 1 where windows lie in x one after the other
  int16_t relu;                     // 1 where the output's zero point is -128
} aiedge_conv_2d_lx6_layer;

static inline void aiedge_conv_2d_lx6_expand(const aiedge_conv_2d_lx6_layer *layer, const int8_t *x,
                                             int16_t *to, int32_t count, int32_t rows, int32_t x_step) {
  if (layer->ordered) {
    aiedge_lx6_expand(x, to, count, rows, x_step);
  } else {
    aiedge_lx6_expand_bytes(x, to, count, rows, x_step);
  }
}

// Lays out the window of one pixel.
AIEDGE_KERNEL void aiedge_conv_2d_lx6_window(const aiedge_conv_2d_lx6_layer *layer, const int8_t *x,
                                             int32_t top, int32_t left, int16_t *to) {
  const int32_t channels = layer->channels, columns = layer->filter_width;
  const int32_t reach_h = (layer->filter_height - 1) * layer->dilation_h;
  const int32_t reach_w = (columns - 1) * layer->dilation_w;
  if (layer->dilation_w == 1 && top >= 0 && top + reach_h < layer->height && left >= 0 &&
      left + reach_w < layer->width) {
    aiedge_conv_2d_lx6_expand(layer, x + (top * layer->width + left) * channels, to, columns * channels,
                              layer->filter_height, layer->dilation_h * layer->width * channels);
    return;
  }
  for (int32_t ky = 0; ky < layer->filter_height; ky++, top += layer->dilation_h) {
    const int inside_row = top >= 0 && top < layer->height;
    for (int32_t kx = 0, run; kx < columns; kx += run) {
      const int32_t ix = left + kx * layer->dilation_w;
      run = 1;
      if (inside_row && ix >= 0 && ix < layer->width) {
        if (layer->dilation_w == 1) {
          run = columns - kx < layer->width - ix ? columns - kx : layer->width - ix;
        }
        aiedge_conv_2d_lx6_expand(layer, x + (top * layer->width + ix) * channels, to, run * channels, 1, 0);
        to += run * channels;
      } else {
        to = aiedge_lx6_fill(to, layer->outside, channels);
      }
    }
  }
}

AIEDGE_KERNEL void aiedge_conv_2d_lx6_int8(const aiedge_conv_2d_lx6_layer *layer, const int8_t *x, int8_t *y,
                                           uint8_t *scratch) {
  const int32_t taps = layer->taps, filters = layer->filters, channels = layer->channels;
  const int32_t rows = layer->pool_height, columns = layer->pool_width, windows = rows * columns;
  const int pooled = windows > 1;
  int16_t *const strip = (int16_t *)(void *)scratch;
  int16_t *const unpacked = strip + layer->strip * windows * taps;
  const int32_t wide = layer->wide ? taps : 0;
  aiedge_lx6_filter *const filter = pooled        ? layer->relu ? aiedge_lx6_pool_relu : aiedge_lx6_pool
                                    : taps <= 64  ? layer->relu ? aiedge_lx6_short_relu : aiedge_lx6_short
                                    : layer->relu ? aiedge_lx6_long_relu
                                                  : aiedge_lx6_long;
  const aiedge_lx6_step step = {filters, taps / 4 - 1, windows, 0};
  const int32_t width = layer->output_width / columns;
  int32_t left = layer->output_height / rows * width;  // outputs to come
  int32_t oy = 0, ox = 0;
  if (pooled && !layer->raises) memset(y, -128, (size_t)(left * filters));
  while (left > 0) {
    const int32_t outputs = left < layer->strip ? left : layer->strip;
    left -= outputs;
    if (layer->contiguous) {
      aiedge_conv_2d_lx6_expand(layer, x, strip, outputs * channels, 1, 0);
      x += outputs * channels;
    } else {
      int16_t *to = strip;
      for (int32_t i = outputs; i > 0; i--) {
        for (int32_t py = 0; py < rows; py++) {
          const int32_t top = (oy + py) * layer->stride_h - layer->pad_top;
          for (int32_t px = 0; px < columns; px++, to += taps) {
            aiedge_conv_2d_lx6_window(layer, x, top, (ox + px) * layer->stride_w - layer->pad_left, to);
          }
        }
        ox += columns;
        if (ox == width * columns) {
          ox = 0;
          oy += rows;
        }
      }
    }
    const int8_t *weights = layer->weights;
    const int16_t *w = wide ? layer->wide : unpacked;
    const int32_t *scale = layer->scales;
    for (int32_t k = filters; k > 0; k--, w += wide, scale += AIEDGE_LX6_STEP, y++) {
      if (!wide) {
        aiedge_lx6_unpack(weights, unpacked, taps);
        weights += taps;
      }
      filter(strip, w, scale, y, outputs, &step);
    }
    y += (outputs - 1) * filters;
  }
}

#endif
