// aiedge_conv_2d.h on x86-64 with AVX2: four neighbouring pixels by four filters at a time.
#ifndef AIEDGE_CONV_2D_AVX2_H
#define AIEDGE_CONV_2D_AVX2_H

#include "aiedge_tile_avx2.h"

AIEDGE_KERNEL void aiedge_conv_2d_int8(const aiedge_conv_2d_int8_layer *layer, const int8_t *x, int8_t *y) {
  int8_t windows[4][AIEDGE_WINDOW_BYTES];
  const aiedge_output output = layer->output;
  const int32_t filters = layer->filters, channels = layer->channels;
  const int32_t row = layer->filter_width * channels;
  const int32_t runs = layer->gathered ? 1 : layer->filter_height;
  const int32_t run = layer->gathered ? layer->filter_height * row : row;
  const int32_t reach_h = (layer->filter_height - 1) * layer->dilation_h;
  const int32_t reach_w = (layer->filter_width - 1) * layer->dilation_w;
  const int32_t pooled_width = layer->output_width / layer->pool_width;
  const int pooled = layer->pool_height * layer->pool_width > 1;
  if (pooled) memset(y, -128, (size_t)(layer->output_height / layer->pool_height * pooled_width * filters));

  for (int32_t oy = 0; oy < layer->output_height; oy++) {
    const int32_t top = oy * layer->stride_h - layer->pad_top;
    const int inside_rows = top >= 0 && top + reach_h < layer->height && layer->dilation_w == 1;
    int8_t *y_row = y + oy / layer->pool_height * pooled_width * filters;
    for (int32_t ox = 0; ox < layer->output_width; ox += 4) {
      const int8_t *from[4];
      int8_t *to[4];
      int32_t left[4];
      for (int32_t i = 0; i < 4; i++) {
        // The last pixel stands for those beyond.
        const int32_t at = ox + i < layer->output_width ? ox + i : layer->output_width - 1;
        left[i] = at * layer->stride_w - layer->pad_left;
        to[i] = y_row + at / layer->pool_width * filters;
      }
      int32_t row_step;
      const int inside = inside_rows && left[0] >= 0 && left[3] + reach_w < layer->width;
      if (inside && !layer->gathered) {
        for (int32_t i = 0; i < 4; i++) from[i] = x + (top * layer->width + left[i]) * channels;
        row_step = layer->dilation_h * layer->width * channels;
      } else {
        for (int32_t i = 0; i < 4; i++) {
          aiedge_conv_2d_window(layer, x, top, left[i], inside, windows[i]);
          from[i] = windows[i];
        }
        row_step = (row + 3) & ~3;
      }
      aiedge_tile_filters(from, runs, run, row_step, layer->weights, layer->scales, filters, &output, pooled,
                          to);
    }
  }
}

#endif
