// CONV_2D and DEPTHWISE_CONV_2D on floats: plain loops, for networks that are tried before they are
// quantized.
//
// Letters as in aiedge_conv_2d.h. A depthwise layer has filters of one channel: filter k reads channel k /
// depth_multiplier.
#ifndef AIEDGE_CONV_2D_F32_H
#define AIEDGE_CONV_2D_F32_H

#include <math.h>  // INFINITY, the range of a layer without activation

#include "aiedge_engine.h"

typedef struct {
  const float *weights;  // [filters][filter_height][filter_width][channels, or 1 where depthwise]
  const float *bias;
  int32_t height, width, channels;
  int32_t output_height, output_width, filters;
  int32_t filter_height, filter_width;
  int32_t stride_h, stride_w;
  int32_t dilation_h, dilation_w;
  int32_t pad_top, pad_left;
  int32_t channel_step;  // 1 where depthwise, else 0
  int32_t depth_multiplier;
  float low, high;
} aiedge_conv_2d_f32_layer;

AIEDGE_KERNEL void aiedge_conv_2d_f32(const aiedge_conv_2d_f32_layer *layer, const float *x, float *y) {
  const int32_t taps = layer->channel_step ? 1 : layer->channels;
  for (int32_t oy = 0; oy < layer->output_height; oy++) {
    for (int32_t ox = 0; ox < layer->output_width; ox++) {
      const float *w = layer->weights;
      for (int32_t k = 0; k < layer->filters; k++) {
        const int32_t first = layer->channel_step * (k / layer->depth_multiplier);
        float sum = 0;
        for (int32_t ky = 0; ky < layer->filter_height; ky++) {
          const int32_t iy = oy * layer->stride_h - layer->pad_top + ky * layer->dilation_h;
          for (int32_t kx = 0; kx < layer->filter_width; kx++, w += taps) {
            const int32_t ix = ox * layer->stride_w - layer->pad_left + kx * layer->dilation_w;
            if (iy < 0 || iy >= layer->height || ix < 0 || ix >= layer->width) continue;
            const float *from = x + (iy * layer->width + ix) * layer->channels + first;
            for (int32_t c = 0; c < taps; c++) sum += from[c] * w[c];
          }
        }
        sum += layer->bias[k];
        *y++ = sum < layer->low ? layer->low : sum > layer->high ? layer->high : sum;
      }
    }
  }
}

#endif
