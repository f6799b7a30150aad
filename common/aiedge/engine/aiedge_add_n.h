// ADD_N: y = x[0] + x[1] + ..., of any number of inputs of one shape.
#ifndef AIEDGE_ADD_N_H
#define AIEDGE_ADD_N_H

#include "aiedge_engine.h"
#include "aiedge_requantize.h"

// The inputs have one scale. `offset` is minus their zero point times their number and one more: TensorFlow
// Lite Micro does so. Sums have 19 fractional bits.
AIEDGE_KERNEL void aiedge_add_n_int8(const int8_t *const *x, int32_t inputs, int8_t *y, int32_t count,
                                     int32_t offset, int32_t multiplier, int32_t shift, int32_t zero_point) {
  for (int32_t i = 0; i < count; i++) {
    int32_t sum = offset;
    for (int32_t j = 0; j < inputs; j++) sum += x[j][i];
    y[i] = aiedge_clamp(aiedge_multiply(sum * (1 << 19), multiplier, shift) + zero_point, INT8_MIN, INT8_MAX);
  }
}

AIEDGE_KERNEL void aiedge_add_n_f32(const float *const *x, int32_t inputs, float *y, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    float sum = 0.0f;
    for (int32_t j = 0; j < inputs; j++) sum += x[j][i];
    y[i] = sum;
  }
}

#endif
