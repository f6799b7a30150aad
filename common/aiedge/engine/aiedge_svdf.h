// SVDF: units of R filters each; a filter has weights for the inputs of a step, and others for what these
// made of the latest M steps.
//
//   state[f] = its latest M - 1 values, and now feature[f] * x
//   y[u] = activation(bias[u] + sum over the unit's filters f of time[f] * state[f])
//
// Letters: B rows of input, I inputs, U units, R filters a unit, M steps. Weights are [U][R][I] and
// [U][R][M], the state is [B][U][R][M] and outlives the call, the oldest step first.
#ifndef AIEDGE_SVDF_H
#define AIEDGE_SVDF_H

#include <string.h>

#include "aiedge_engine.h"
#include "aiedge_requantize.h"

#define AIEDGE_SVDF_SIZES int32_t rows, inputs, units, rank, memory;

// Of integers: the biases of the filters, with the input's zero point folded in, and those of the units;
// multipliers and shifts from a filter's sum to the state, and from a unit's to the output.
#define AIEDGE_SVDF_INTEGERS                                \
  const int32_t *filters, *bias;                            \
  int32_t state_multiplier, state_shift, multiplier, shift; \
  int32_t state_zero_point, zero_point;                     \
  AIEDGE_SVDF_SIZES

typedef struct {
  const int8_t *feature, *time;
  AIEDGE_SVDF_INTEGERS
} aiedge_svdf_int8_layer;

typedef struct {
  const int8_t *feature;
  const int16_t *time;
  AIEDGE_SVDF_INTEGERS
} aiedge_svdf_int16_layer;

// One kernel for each type of the state. Sums overflow modulo 2^32.
#define AIEDGE_SVDF(suffix, type, low, high)                                                            \
  AIEDGE_KERNEL void aiedge_svdf_##suffix(const aiedge_svdf_##suffix##_layer *layer, const int8_t *x,   \
                                          type *state, int8_t *y) {                                     \
    const int32_t inputs = layer->inputs, memory = layer->memory;                                       \
    for (int32_t b = 0; b < layer->rows; b++, x += inputs) {                                            \
      const int8_t *feature = layer->feature;                                                           \
      const type *time = layer->time;                                                                   \
      const int32_t *filter = layer->filters;                                                           \
      for (int32_t u = 0; u < layer->units; u++) {                                                      \
        uint32_t total = (uint32_t)layer->bias[u];                                                      \
        for (int32_t r = 0; r < layer->rank; r++, feature += inputs, time += memory, state += memory) { \
          int32_t sum = *filter++;                                                                      \
          for (int32_t i = 0; i < inputs; i++) {                                                        \
            sum += feature[i] * x[i];                                                                   \
          }                                                                                             \
          sum = aiedge_multiply_any(sum, layer->state_multiplier, layer->state_shift);                  \
          memmove(state, state + 1, (size_t)(memory - 1) * sizeof *state);                              \
          state[memory - 1] = (type)(layer->state_zero_point + aiedge_clamp_32(sum, low, high));        \
          for (int32_t m = 0; m < memory; m++) {                                                        \
            total += (uint32_t)(time[m] * (state[m] - layer->state_zero_point));                        \
          }                                                                                             \
        }                                                                                               \
        const int32_t value = aiedge_multiply_any((int32_t)total, layer->multiplier, layer->shift);     \
        *y++ = aiedge_clamp(value + layer->zero_point, -128, 127);                                      \
      }                                                                                                 \
    }                                                                                                   \
  }

AIEDGE_SVDF(int8, int8_t, -128, 127)
AIEDGE_SVDF(int16, int16_t, -32768, 32767)

typedef struct {
  const float *feature, *time, *bias;
  float low, high;  // the fused activation's range
  AIEDGE_SVDF_SIZES
} aiedge_svdf_f32_layer;

AIEDGE_KERNEL void aiedge_svdf_f32(const aiedge_svdf_f32_layer *layer, const float *x, float *state,
                                   float *y) {
  const int32_t inputs = layer->inputs, memory = layer->memory;
  for (int32_t b = 0; b < layer->rows; b++, x += inputs) {
    const float *feature = layer->feature, *time = layer->time;
    for (int32_t u = 0; u < layer->units; u++) {
      float total = layer->bias[u];
      for (int32_t r = 0; r < layer->rank; r++, feature += inputs, time += memory, state += memory) {
        float sum = 0, filtered = 0;
        for (int32_t i = 0; i < inputs; i++) {
          sum += feature[i] * x[i];
        }
        memmove(state, state + 1, (size_t)(memory - 1) * sizeof *state);
        state[memory - 1] = sum;
        for (int32_t m = 0; m < memory; m++) {
          filtered += time[m] * state[m];
        }
        total += filtered;
      }
      *y++ = total < layer->low ? layer->low : total > layer->high ? layer->high : total;
    }
  }
}

#endif
