// CONV_2D and DEPTHWISE_CONV_2D in plain loops, for layers that have no faster kernel: on floats, on int16,
// and int8 filters that read a part of the channels.
//
// Letters as in aiedge_conv_2d.h. A filter reads `taps` channels, and `group` filters read the same ones: all
// of them where there are no groups, 1 channel where depthwise.
#ifndef AIEDGE_CONV_2D_LOOPS_H
#define AIEDGE_CONV_2D_LOOPS_H

#include "aiedge_engine.h"
#include "aiedge_requantize.h"

// Weights are [filters][filter_height][filter_width][taps].
#define AIEDGE_CONV_2D_SHAPE           \
  int32_t height, width, channels;     \
  int32_t output_height, output_width; \
  int32_t filters, taps, group;        \
  int32_t filter_height, filter_width; \
  int32_t stride_h, stride_w;          \
  int32_t dilation_h, dilation_w;      \
  int32_t pad_top, pad_left;

// A kernel: `term` is what an input x and a weight w add to the sum, `finish` makes the output of filter k of
// it.
#define AIEDGE_CONV_2D_LOOPS(name, layer_type, value, weight, sum_type, term, finish)             \
  AIEDGE_KERNEL void name(const layer_type *layer, const value *input, value *y) {                \
    for (int32_t oy = 0; oy < layer->output_height; oy++) {                                       \
      for (int32_t ox = 0; ox < layer->output_width; ox++) {                                      \
        const weight *weights = layer->weights;                                                   \
        for (int32_t k = 0; k < layer->filters; k++) {                                            \
          const int32_t first = k / layer->group * layer->taps;                                   \
          sum_type sum = 0;                                                                       \
          for (int32_t ky = 0; ky < layer->filter_height; ky++) {                                 \
            const int32_t iy = oy * layer->stride_h - layer->pad_top + ky * layer->dilation_h;    \
            for (int32_t kx = 0; kx < layer->filter_width; kx++, weights += layer->taps) {        \
              const int32_t ix = ox * layer->stride_w - layer->pad_left + kx * layer->dilation_w; \
              if (iy < 0 || iy >= layer->height || ix < 0 || ix >= layer->width) continue;        \
              const value *from = input + (iy * layer->width + ix) * layer->channels + first;     \
              for (int32_t c = 0; c < layer->taps; c++) {                                         \
                const value x = from[c];                                                          \
                const weight w = weights[c];                                                      \
                sum += term;                                                                      \
              }                                                                                   \
            }                                                                                     \
          }                                                                                       \
          *y++ = finish(layer, sum, k);                                                           \
        }                                                                                         \
      }                                                                                           \
    }                                                                                             \
  }

typedef struct {
  const float *weights, *bias;
  float low, high;
  AIEDGE_CONV_2D_SHAPE
} aiedge_conv_2d_f32_layer;

static inline float aiedge_conv_2d_finish_f32(const aiedge_conv_2d_f32_layer *layer, float sum, int32_t k) {
  sum += layer->bias[k];
  return sum < layer->low ? layer->low : sum > layer->high ? layer->high : sum;
}

AIEDGE_CONV_2D_LOOPS(aiedge_conv_2d_f32, aiedge_conv_2d_f32_layer, float, float, float, x *w,
                     aiedge_conv_2d_finish_f32)

typedef struct {
  const int8_t *weights;
  const int32_t *scales;  // bias, multiplier and shift of each filter
  int32_t input_zero_point, output_zero_point;
  int32_t low, high;
  AIEDGE_CONV_2D_SHAPE
} aiedge_conv_2d_groups_int8_layer;

static inline int8_t aiedge_conv_2d_finish_int8(const aiedge_conv_2d_groups_int8_layer *layer, int32_t sum,
                                                int32_t k) {
  const int32_t *scale = layer->scales + k * AIEDGE_CHANNEL_STEP;
  sum = aiedge_multiply_any(sum + scale[AIEDGE_BIAS], scale[AIEDGE_MULTIPLIER], scale[AIEDGE_SHIFT]);
  return aiedge_clamp(sum + layer->output_zero_point, layer->low, layer->high);
}

AIEDGE_CONV_2D_LOOPS(aiedge_conv_2d_groups_int8, aiedge_conv_2d_groups_int8_layer, int8_t, int8_t, int32_t,
                     (x - layer->input_zero_point) * w, aiedge_conv_2d_finish_int8)

typedef struct {
  const int8_t *weights;
  AIEDGE_INT16_OUTPUT
  AIEDGE_CONV_2D_SHAPE
} aiedge_conv_2d_int16_layer;

static inline int16_t aiedge_conv_2d_finish_int16(const aiedge_conv_2d_int16_layer *layer, int64_t sum,
                                                  int32_t k) {
  return aiedge_finish_int16(sum, layer->scales + k * AIEDGE_WIDE_STEP, layer->narrow, layer->low,
                             layer->high);
}

AIEDGE_CONV_2D_LOOPS(aiedge_conv_2d_int16, aiedge_conv_2d_int16_layer, int16_t, int8_t, int64_t, x *w,
                     aiedge_conv_2d_finish_int16)

#endif
