// TRANSPOSE_CONV: each input adds its value times the filter to the window of outputs around it.
//
// Written from the output's side, so that no sums need memory: an output gathers the inputs i whose window
// holds it, at the filter's row  output + padding - i * stride, and so for columns. Images are
// [batch][height][width][channels], weights [filters][filter_height][filter_width][channels].
#ifndef AIEDGE_TRANSPOSE_CONV_H
#define AIEDGE_TRANSPOSE_CONV_H

#include "aiedge_engine.h"
#include "aiedge_requantize.h"

#define AIEDGE_TRANSPOSE_CONV_FIELDS            \
  int32_t batch, height, width, channels;       \
  int32_t output_height, output_width, filters; \
  int32_t filter_height, filter_width;          \
  int32_t stride_h, stride_w;                   \
  int32_t pad_top, pad_left;

typedef struct {
  AIEDGE_TRANSPOSE_CONV_FIELDS
  const int8_t *weights;
  const int32_t *bias;
  const int32_t *multiplier;
  const int8_t *shift;
  int32_t input_zero_point, output_zero_point;
  int32_t low, high;  // the fused activation's range
} aiedge_transpose_conv_int8_layer;

typedef struct {
  AIEDGE_TRANSPOSE_CONV_FIELDS
  const int8_t *weights;
  AIEDGE_INT16_OUTPUT
} aiedge_transpose_conv_int16_layer;

typedef struct {
  AIEDGE_TRANSPOSE_CONV_FIELDS
  const float *weights;
  const float *bias;
  float low, high;
} aiedge_transpose_conv_f32_layer;

// The inputs that reach an output: from first to last.
typedef struct {
  int32_t first, last;
} aiedge_transpose_conv_span;

// `position` is the output's with the padding; negative numbers do not occur.
static inline aiedge_transpose_conv_span aiedge_transpose_conv_reach(int32_t position, int32_t window,
                                                                     int32_t stride, int32_t size) {
  int32_t last = position / stride;
  int32_t first = position < window ? 0 : (position - window) / stride + 1;
  aiedge_transpose_conv_span span = {first, last < size ? last : size - 1};
  return span;
}

// The kernel of one type: `term` is the product of an input and a weight, `store` makes the output of a sum.
#define AIEDGE_TRANSPOSE_CONV(suffix, type, weight_type, sum_type, term, store)                           \
  AIEDGE_KERNEL void aiedge_transpose_conv_##suffix(const aiedge_transpose_conv_##suffix##_layer *layer,  \
                                                    const type *x, type *y) {                             \
    int32_t channels = layer->channels, row = layer->width * channels;                                    \
    for (int32_t b = 0; b < layer->batch; b++) {                                                          \
      for (int32_t i = 0; i < layer->output_height; i++) {                                                \
        int32_t top = i + layer->pad_top;                                                                 \
        aiedge_transpose_conv_span rows =                                                                 \
            aiedge_transpose_conv_reach(top, layer->filter_height, layer->stride_h, layer->height);       \
        for (int32_t j = 0; j < layer->output_width; j++) {                                               \
          int32_t left = j + layer->pad_left;                                                             \
          aiedge_transpose_conv_span columns =                                                            \
              aiedge_transpose_conv_reach(left, layer->filter_width, layer->stride_w, layer->width);      \
          const weight_type *filter = layer->weights;                                                     \
          for (int32_t o = 0; o < layer->filters; o++) {                                                  \
            sum_type sum = 0;                                                                             \
            for (int32_t h = rows.first; h <= rows.last; h++) {                                           \
              for (int32_t w = columns.first; w <= columns.last; w++) {                                   \
                const type *value = x + h * row + w * channels;                                           \
                const weight_type *weight = filter + ((top - h * layer->stride_h) * layer->filter_width + \
                                                      left - w * layer->stride_w) *                       \
                                                         channels;                                        \
                for (int32_t c = 0; c < channels; c++) {                                                  \
                  sum += term(value[c], weight[c]);                                                       \
                }                                                                                         \
              }                                                                                           \
            }                                                                                             \
            *y++ = store(sum);                                                                            \
            filter += layer->filter_height * layer->filter_width * channels;                              \
          }                                                                                               \
        }                                                                                                 \
      }                                                                                                   \
      x += layer->height * row;                                                                           \
    }                                                                                                     \
  }

#define AIEDGE_TERM_INT8(x, w) (((x) - layer->input_zero_point) * (w))
#define AIEDGE_STORE_INT8(sum)                                                                  \
  aiedge_clamp(aiedge_multiply((sum) + layer->bias[o], layer->multiplier[o], layer->shift[o]) + \
                   layer->output_zero_point,                                                    \
               layer->low, layer->high)
AIEDGE_TRANSPOSE_CONV(int8, int8_t, int8_t, int32_t, AIEDGE_TERM_INT8, AIEDGE_STORE_INT8)

#define AIEDGE_TERM(x, w) ((x) * (w))
#define AIEDGE_STORE_INT16(sum) \
  aiedge_finish_int16(sum, layer->scales + o * AIEDGE_WIDE_STEP, layer->narrow, layer->low, layer->high)
AIEDGE_TRANSPOSE_CONV(int16, int16_t, int8_t, int64_t, AIEDGE_TERM, AIEDGE_STORE_INT16)

#define AIEDGE_STORE_F32(sum) aiedge_transpose_conv_clamp((sum) + layer->bias[o], layer->low, layer->high)
static inline float aiedge_transpose_conv_clamp(float x, float low, float high) {
  return x < low ? low : x > high ? high : x;
}
AIEDGE_TRANSPOSE_CONV(f32, float, float, float, AIEDGE_TERM, AIEDGE_STORE_F32)

#undef AIEDGE_TERM_INT8
#undef AIEDGE_STORE_INT8
#undef AIEDGE_STORE_INT16
#undef AIEDGE_TERM
#undef AIEDGE_STORE_F32

#endif
