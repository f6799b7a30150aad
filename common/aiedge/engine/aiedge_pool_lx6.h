// AVERAGE_POOL_2D on the ESP32's core, see aiedge_lx6.h: of images in words, with a multiple of four
// channels.
//
// Two sums of up to 256 values share a word, in 16 bits each: x + 128, whose 128s are then taken off.
#ifndef AIEDGE_POOL_LX6_H
#define AIEDGE_POOL_LX6_H

#include "aiedge_lx6.h"
#include "aiedge_pool.h"

typedef struct {
  int32_t rows, columns, channels;
  int32_t jump;    // bytes from the end of a window's row to its next row
  int32_t offset;  // 128 for each value
  int32_t half;    // see aiedge_pool_divisor
  uint32_t reciprocal;
} aiedge_lx6_window;

#ifdef AIEDGE_LX6

void aiedge_lx6_mean(const int8_t *x, int8_t *y, const aiedge_lx6_window *window);

#else

AIEDGE_KERNEL void aiedge_lx6_mean(const int8_t *x, int8_t *y, const aiedge_lx6_window *window) {
  const int32_t row = window->columns * window->channels + window->jump;
  for (int32_t c = 0; c < window->channels; c++, x++, y++) {
    int32_t sum = -window->offset;
    for (int32_t i = 0; i < window->rows; i++) {
      for (int32_t j = 0; j < window->columns; j++) sum += x[i * row + j * window->channels] + 128;
    }
    const int32_t size = (sum < 0 ? -sum : sum) + window->half;
    const int32_t mean = (int32_t)(((uint32_t)size * window->reciprocal) >> 24);
    *y = (int8_t)(sum < 0 ? -mean : mean > 127 ? 127 : mean);
  }
}

#endif

AIEDGE_KERNEL void aiedge_average_pool_lx6_int8(const aiedge_pool_int8_layer *layer, const int8_t *x,
                                                int8_t *y) {
  const int32_t channels = layer->channels, row = layer->width * channels;
  aiedge_pool_divisor by = {0, 0, 0};
  for (int32_t i = 0; i < layer->output_height; i++) {
    const aiedge_pool_span rows =
        aiedge_pool_clip(i * layer->stride_h - layer->pad_top, layer->filter_height, layer->height);
    for (int32_t j = 0; j < layer->output_width; j++, y += channels) {
      const aiedge_pool_span columns =
          aiedge_pool_clip(j * layer->stride_w - layer->pad_left, layer->filter_width, layer->width);
      const int32_t count = rows.count * columns.count;
      if (count != by.count) by = aiedge_pool_divide_by(count);
      const aiedge_lx6_window window = {
          rows.count,  columns.count, channels,     row - columns.count * channels,
          128 * count, by.half,       by.reciprocal};
      aiedge_lx6_mean(x + rows.first * row + columns.first * channels, y, &window);
    }
  }
}

#endif
