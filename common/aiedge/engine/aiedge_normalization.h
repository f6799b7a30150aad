// L2_NORMALIZATION: each row over its length, the root of the sum of its squares. The output may lie over the
// input.
#ifndef AIEDGE_NORMALIZATION_H
#define AIEDGE_NORMALIZATION_H

#include <math.h>

#include "aiedge_engine.h"
#include "aiedge_requantize.h"

static inline int32_t aiedge_saturate_left(int32_t x, int32_t shift) {
  int64_t y = (int64_t)x * (1 << shift);
  return y > INT32_MAX ? INT32_MAX : y < INT32_MIN ? INT32_MIN : (int32_t)y;
}

// Multiplier and shift of 1 / sqrt(n), by five steps of Newton and Raphson; that of 0 is that of 1.
static inline int32_t aiedge_inverse_root(int32_t n, int32_t *shift) {
  *shift = 0;
  if (n <= 1) {
    return INT32_MAX;
  }
  int32_t right = 11;
  for (; n >= INT32_C(1) << 29; n /= 4) {
    right++;
  }
  for (; n < INT32_C(1) << 27; n *= 4) {
    right--;
  }
  int32_t half = ((n >> 1) + 1) >> 1, x = 1 << 28;  // Q3.28; the input is between 1/4 and 1
  for (int i = 0; i < 5; i++) {
    int32_t cube = aiedge_product(aiedge_product(x, x), x);
    int32_t step =
        aiedge_product((1 << 28) + (1 << 27), x) - aiedge_product(half, aiedge_saturate_left(cube, 6));
    x = aiedge_saturate_left(step, 3);
  }
  x = aiedge_product(x, 1518500250);  // times sqrt(2) / 2
  *shift = right < 0 ? 0 : -right;
  return right < 0 ? (int32_t)((uint32_t)x << -right) : x;
}

// The output has scale 1/128 and zero point 0, which TensorFlow Lite Micro takes for granted.
AIEDGE_KERNEL void aiedge_l2_normalization_int8(const int8_t *x, int8_t *y, int32_t rows, int32_t columns,
                                                int32_t zero_point) {
  for (int32_t r = 0; r < rows; r++) {
    int32_t sum = 0, shift;
    for (int32_t i = 0; i < columns; i++) {
      int32_t value = x[i] - zero_point;
      sum += value * value;
    }
    int32_t multiplier = aiedge_inverse_root(sum, &shift);
    for (int32_t i = 0; i < columns; i++) {
      y[i] = aiedge_clamp(aiedge_multiply(x[i] - zero_point, multiplier, shift + 7), INT8_MIN, INT8_MAX);
    }
    x += columns;
    y += columns;
  }
}

AIEDGE_KERNEL void aiedge_l2_normalization_f32(const float *x, float *y, int32_t rows, int32_t columns) {
  for (int32_t r = 0; r < rows; r++) {
    float sum = 0;
    for (int32_t i = 0; i < columns; i++) {
      sum += x[i] * x[i];
    }
    float length = sqrtf(sum);
    length = length < 1e-6f ? 1e-6f : length;
    for (int32_t i = 0; i < columns; i++) {
      y[i] = x[i] / length;
    }
    x += columns;
    y += columns;
  }
}

#endif
