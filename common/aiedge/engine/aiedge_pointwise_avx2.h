// aiedge_pointwise.h on x86-64 with AVX2: four pixels by four filters at a time.
#ifndef AIEDGE_POINTWISE_AVX2_H
#define AIEDGE_POINTWISE_AVX2_H

#include "aiedge_tile_avx2.h"

AIEDGE_KERNEL void aiedge_pointwise_int8(const aiedge_pointwise_int8_layer *layer, const int8_t *x,
                                         int8_t *y) {
  const int32_t channels = layer->channels, filters = layer->filters, pixels = layer->pixels;
  const aiedge_output output = {(int16_t)layer->zero_point, -128, 127, 1};
  for (int32_t p = 0; p < pixels; p += 4) {
    // The last pixel stands for those beyond.
    const int8_t *from[4];
    int8_t *to[4];
    for (int32_t i = 0; i < 4; i++) {
      const int32_t at = p + i < pixels ? p + i : pixels - 1;
      from[i] = x + at * channels;
      to[i] = y + at * filters;
    }
    aiedge_tile_filters(from, 1, channels, 0, layer->weights, layer->scales, filters, &output, 0, to);
  }
}

#endif
