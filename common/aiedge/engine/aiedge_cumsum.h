// CUMSUM: the sums of a dimension's values up to each of them, or of those before it; from the end on, if
// reversed.
#ifndef AIEDGE_CUMSUM_H
#define AIEDGE_CUMSUM_H

#include "aiedge_engine.h"
#include "aiedge_requantize.h"

#define AIEDGE_CUMSUM_FIELDS                                                             \
  int32_t outer, size, inner; /* of the dimensions before, of it, and of those behind */ \
  int32_t exclusive, reverse;

// Runs `first` before each sum, `add` with the place of each value, `give` with that of each output.
#define AIEDGE_CUMSUM(layer, first, add, give)                                \
  for (int32_t i = 0; i < (layer)->outer; i++) {                              \
    for (int32_t j = 0; j < (layer)->inner; j++) {                            \
      first;                                                                  \
      for (int32_t k = 0; k < (layer)->size; k++) {                           \
        const int32_t row = (layer)->reverse ? (layer)->size - 1 - k : k;     \
        const int32_t place = (i * (layer)->size + row) * (layer)->inner + j; \
        if ((layer)->exclusive) {                                             \
          give;                                                               \
          add;                                                                \
        } else {                                                              \
          add;                                                                \
          give;                                                               \
        }                                                                     \
      }                                                                       \
    }                                                                         \
  }

typedef struct {
  AIEDGE_CUMSUM_FIELDS
  int32_t zero_point;
  int32_t multiplier, shift;  // of a sum that is 2^19 times finer than the input
  int32_t output_zero_point;
} aiedge_cumsum_int8_layer;

// A sum begins with minus the zero point, not with 0, and wraps beyond 2^12 steps: TensorFlow Lite Micro does
// so.
AIEDGE_KERNEL void aiedge_cumsum_int8(const aiedge_cumsum_int8_layer *layer, const int8_t *x, int8_t *y) {
  const aiedge_cumsum_int8_layer l = *layer;  // y could point into *layer for all the compiler knows
  uint32_t sum;
  AIEDGE_CUMSUM(
      &l, sum = (uint32_t)-l.zero_point << 19, sum += (uint32_t)(x[place] - l.zero_point) << 19,
      y[place] = aiedge_clamp(aiedge_multiply((int32_t)sum, l.multiplier, l.shift) + l.output_zero_point,
                              INT8_MIN, INT8_MAX))
}

typedef struct {
  AIEDGE_CUMSUM_FIELDS
} aiedge_cumsum_f32_layer;

AIEDGE_KERNEL void aiedge_cumsum_f32(const aiedge_cumsum_f32_layer *layer, const float *x, float *y) {
  float sum;
  AIEDGE_CUMSUM(layer, sum = 0, sum += x[place], y[place] = sum)
}

#endif
