// From an int32 accumulator to int8: multiply by a real factor in integers, add the zero point, clamp.
//
// factor = multiplier * 2^(shift - 31), multiplier in [2^30, 2^31). The product is rounded twice, as
// TensorFlow Lite Micro does: halves up after the multiplication, halves away from zero after the right
// shift.
#ifndef AIEDGE_REQUANTIZE_H
#define AIEDGE_REQUANTIZE_H

#include <stdint.h>

static inline int32_t aiedge_multiply(int32_t x, int32_t multiplier, int32_t shift) {
  if (shift > 0) {
    x = (int32_t)((uint32_t)x << shift);
  }
  int32_t product = (int32_t)(((int64_t)x * multiplier + (INT64_C(1) << 30)) >> 31);
  if (shift < 0) {
    // Half of the divisor, less one for negative numbers: halves move away from zero.
    int32_t half = (int32_t)(UINT32_C(1) << (-shift - 1));
    int32_t floor = product >> -shift;
    int32_t rest = product - (int32_t)((uint32_t)floor << -shift);
    product = floor + (rest >= half + (product < 0));
  }
  return product;
}

static inline int8_t aiedge_clamp(int32_t x, int32_t low, int32_t high) {
  return (int8_t)(x < low ? low : x > high ? high : x);
}

#endif
