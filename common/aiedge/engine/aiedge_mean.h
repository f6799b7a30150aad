// MEAN, SUM, REDUCE_MAX, REDUCE_MIN: each output is the mean, the sum, the largest or the smallest of the
// inputs along the reduced dimensions.
//
// Dimensions that lie side by side are one loop, so two loops over outputs and two over the inputs of each
// serve all tensors of up to four dimensions.
#ifndef AIEDGE_MEAN_H
#define AIEDGE_MEAN_H

#include <float.h>

#include "aiedge_engine.h"
#include "aiedge_requantize.h"

typedef struct {
  int32_t outputs[2], output_step[2];  // sizes, and steps in the input, of the kept dimensions
  int32_t inputs[2], input_step[2];    // the same of the reduced ones
  int32_t offset;                      // minus the input's zero point times the number of inputs of an output
  int32_t multiplier, shift;           // of a mean divided by the number of inputs
  int32_t output_zero_point;
} aiedge_mean_int8_layer;

typedef aiedge_mean_int8_layer aiedge_mean_int16_layer;

// A kernel of integers.
#define AIEDGE_MEAN(suffix, type, low, high)                                                        \
  AIEDGE_KERNEL void aiedge_mean_##suffix(const aiedge_mean_##suffix##_layer *layer, const type *x, \
                                          type *y) {                                                \
    for (int32_t i = 0; i < layer->outputs[0]; i++) {                                               \
      for (int32_t j = 0; j < layer->outputs[1]; j++) {                                             \
        const type *outer = x + i * layer->output_step[0] + j * layer->output_step[1];              \
        int32_t sum = layer->offset;                                                                \
        for (int32_t k = 0; k < layer->inputs[0]; k++) {                                            \
          const type *value = outer;                                                                \
          for (int32_t l = 0; l < layer->inputs[1]; l++) {                                          \
            sum += *value;                                                                          \
            value += layer->input_step[1];                                                          \
          }                                                                                         \
          outer += layer->input_step[0];                                                            \
        }                                                                                           \
        sum = aiedge_multiply(sum, layer->multiplier, layer->shift) + layer->output_zero_point;     \
        *y++ = (type)aiedge_clamp_32(sum, low, high);                                               \
      }                                                                                             \
    }                                                                                               \
  }

AIEDGE_MEAN(int8, int8_t, INT8_MIN, INT8_MAX)
AIEDGE_MEAN(int16, int16_t, INT16_MIN, INT16_MAX)

typedef struct {
  int32_t outputs[2], output_step[2];
  int32_t inputs[2], input_step[2];
  float count;  // 1 for a sum
} aiedge_mean_f32_layer;

AIEDGE_KERNEL void aiedge_mean_f32(const aiedge_mean_f32_layer *layer, const float *x, float *y) {
  for (int32_t i = 0; i < layer->outputs[0]; i++) {
    for (int32_t j = 0; j < layer->outputs[1]; j++) {
      const float *outer = x + i * layer->output_step[0] + j * layer->output_step[1];
      float sum = 0;
      for (int32_t k = 0; k < layer->inputs[0]; k++) {
        const float *value = outer;
        for (int32_t l = 0; l < layer->inputs[1]; l++) {
          sum += *value;
          value += layer->input_step[1];
        }
        outer += layer->input_step[0];
      }
      *y++ = sum / layer->count;
    }
  }
}

typedef struct {
  int32_t outputs[2], output_step[2];
  int32_t inputs[2], input_step[2];
} aiedge_reduce_layer;

// One kernel for each type, order and value to begin with.
#define AIEDGE_REDUCE(name, type, first, order)                                                       \
  AIEDGE_KERNEL void aiedge_reduce_##name(const aiedge_reduce_layer *layer, const type *x, type *y) { \
    for (int32_t i = 0; i < layer->outputs[0]; i++) {                                                 \
      for (int32_t j = 0; j < layer->outputs[1]; j++) {                                               \
        const type *outer = x + i * layer->output_step[0] + j * layer->output_step[1];                \
        type found = first;                                                                           \
        for (int32_t k = 0; k < layer->inputs[0]; k++) {                                              \
          const type *value = outer;                                                                  \
          for (int32_t l = 0; l < layer->inputs[1]; l++) {                                            \
            found = *value order found ? *value : found;                                              \
            value += layer->input_step[1];                                                            \
          }                                                                                           \
          outer += layer->input_step[0];                                                              \
        }                                                                                             \
        *y++ = found;                                                                                 \
      }                                                                                               \
    }                                                                                                 \
  }

AIEDGE_REDUCE(max_int8, int8_t, INT8_MIN, >)
AIEDGE_REDUCE(max_f32, float, -FLT_MAX, >)
AIEDGE_REDUCE(min_int8, int8_t, INT8_MAX, <)
AIEDGE_REDUCE(min_f32, float, FLT_MAX, <)

#endif
