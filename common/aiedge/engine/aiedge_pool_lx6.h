// Pools on the ESP32's core, see aiedge_lx6.h: of images in words, with a multiple of four channels.
//
// For means two sums of up to 256 values share a word, in 16 bits each: x + 128, whose 128s are then taken
// off. For the largest values each of four channels has a word.
#ifndef AIEDGE_POOL_LX6_H
#define AIEDGE_POOL_LX6_H

#include "aiedge_lx6.h"
#include "aiedge_pool.h"

typedef struct {
  int32_t rows, columns, channels;
  int32_t jump;    // bytes from the end of a window's row to its next row
  int32_t offset;  // 128 for each value, or the least output in the highest byte
  int32_t half;    // see aiedge_pool_divisor
  uint32_t reciprocal;
} aiedge_lx6_window;

#ifdef AIEDGE_LX6

typedef void aiedge_lx6_pooling(const int8_t *x, int8_t *y, const aiedge_lx6_window *window);
aiedge_lx6_pooling aiedge_lx6_mean, aiedge_lx6_most;

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

AIEDGE_KERNEL void aiedge_lx6_most(const int8_t *x, int8_t *y, const aiedge_lx6_window *window) {
  const int32_t row = window->columns * window->channels + window->jump;
  for (int32_t c = 0; c < window->channels; c++, x++, y++) {
    int8_t most = (int8_t)(window->offset >> 24);
    for (int32_t i = 0; i < window->rows; i++) {
      for (int32_t j = 0; j < window->columns; j++) {
        const int8_t value = x[i * row + j * window->channels];
        if (value > most) most = value;
      }
    }
    *y = most;
  }
}

#endif

AIEDGE_INLINE void aiedge_pool_lx6(const aiedge_pool_int8_layer *layer, const int8_t *x, int8_t *y,
                                   int is_mean) {
  const int32_t channels = layer->channels, row = layer->width * channels;
  const int32_t least = layer->low * (1 << 24);
  aiedge_pool_divisor by = {0, 0, 0};
  for (int32_t i = 0; i < layer->output_height; i++) {
    const aiedge_pool_span rows =
        aiedge_pool_clip(i * layer->stride_h - layer->pad_top, layer->filter_height, layer->height);
    for (int32_t j = 0; j < layer->output_width; j++, y += channels) {
      const aiedge_pool_span columns =
          aiedge_pool_clip(j * layer->stride_w - layer->pad_left, layer->filter_width, layer->width);
      const int32_t count = rows.count * columns.count;
      if (is_mean && count != by.count) by = aiedge_pool_divide_by(count);
      const aiedge_lx6_window window = {
          rows.count, columns.count, channels, row - columns.count * channels, is_mean ? 128 * count : least,
          by.half,    by.reciprocal};
      (is_mean ? aiedge_lx6_mean : aiedge_lx6_most)(x + rows.first * row + columns.first * channels, y,
                                                    &window);
    }
  }
}

AIEDGE_KERNEL void aiedge_average_pool_lx6_int8(const aiedge_pool_int8_layer *layer, const int8_t *x,
                                                int8_t *y) {
  aiedge_pool_lx6(layer, x, y, 1);
}

AIEDGE_KERNEL void aiedge_max_pool_lx6_int8(const aiedge_pool_int8_layer *layer, const int8_t *x, int8_t *y) {
  aiedge_pool_lx6(layer, x, y, 0);
}

#endif
