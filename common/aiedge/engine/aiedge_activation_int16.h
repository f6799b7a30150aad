// Element-wise operators of one input on int16. The output may lie over the input.
#ifndef AIEDGE_ACTIVATION_INT16_H
#define AIEDGE_ACTIVATION_INT16_H

#include <string.h>

#include "aiedge_engine.h"
#include "aiedge_requantize.h"

// RELU and LEAKY_RELU: x times one factor where it is positive, times another where it is negative. A
// negative multiplier changes the sign of what is rounded.
AIEDGE_KERNEL void aiedge_slopes_int16(const int16_t *x, int16_t *y, int32_t count, int32_t above,
                                       int32_t above_shift, int32_t below, int32_t below_shift) {
  for (int32_t i = 0; i < count; i++) {
    int32_t value;
    if (x[i] >= 0) {
      value = aiedge_multiply_any(x[i], above, above_shift);
    } else if (below < 0) {
      value = -aiedge_multiply_any(x[i], -below, below_shift);
    } else {
      value = aiedge_multiply_any(x[i], below, below_shift);
    }
    y[i] = (int16_t)aiedge_clamp_32(value, INT16_MIN, INT16_MAX);
  }
}

AIEDGE_KERNEL void aiedge_abs_int16(const int16_t *x, int16_t *y, int32_t count, int32_t multiplier,
                                    int32_t shift) {
  for (int32_t i = 0; i < count; i++) {
    const int32_t value = aiedge_multiply_any(x[i] < 0 ? -x[i] : x[i], multiplier, shift);
    y[i] = (int16_t)aiedge_clamp_32(value, INT16_MIN, INT16_MAX);
  }
}

// RELU6.
AIEDGE_KERNEL void aiedge_clamp_int16(const int16_t *x, int16_t *y, int32_t count, int32_t low,
                                      int32_t high) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = (int16_t)aiedge_clamp_32(x[i], low, high);
  }
}

// The sigmoid of x >= 0, as a number of 16 + `bits` bits: `bits` of x lie between two entries of the table.
static inline uint32_t aiedge_sigmoid_of(const uint16_t *table, uint32_t x, int32_t bits) {
  const uint32_t place = x >> bits;
  if (place >= 255) return UINT32_C(0xFFFF) << bits;
  const uint32_t rest = x & ((UINT32_C(1) << bits) - 1);
  return ((uint32_t)table[place] << bits) + rest * (uint32_t)(table[place + 1] - table[place]);
}

// The input in steps of 3 * 2^12, and its absolute value.
static inline int32_t aiedge_sigmoid_input(int16_t x, int32_t multiplier, int32_t shift) {
  return (x * multiplier + (shift > 0 ? 1 << (shift - 1) : 0)) >> shift;
}

// sigmoid(v) as Q0.15, of such an input.
static inline int16_t aiedge_logistic_value(const uint16_t *table, int32_t v) {
  const uint32_t size = v < 0 ? (uint32_t)-v : (uint32_t)v;
  // Beyond the table's end a little less than 1.
  uint32_t value = size >> 9 >= 255 ? UINT32_C(0x7FFF) << 10 : aiedge_sigmoid_of(table, size, 9);
  value = v >= 0 ? value + (1 << 9) : (UINT32_C(1) << 25) - value + (1 << 9) - 1;
  return (int16_t)(value >> 10);
}

// tanh v = 2 sigmoid(2 v) - 1.
static inline int16_t aiedge_tanh_value(const uint16_t *table, int32_t v) {
  const uint32_t size = v < 0 ? (uint32_t)-v : (uint32_t)v;
  const int32_t value = (int32_t)aiedge_sigmoid_of(table, size, 8);
  return (int16_t)((v >= 0 ? value - (1 << 23) + (1 << 7) : -value + (1 << 23) + (1 << 7) - 1) >> 8);
}

AIEDGE_KERNEL void aiedge_logistic_int16(const uint16_t *table, const int16_t *x, int16_t *y, int32_t count,
                                         int32_t multiplier, int32_t shift) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = aiedge_logistic_value(table, aiedge_sigmoid_input(x[i], multiplier, shift));
  }
}

AIEDGE_KERNEL void aiedge_tanh_int16(const uint16_t *table, const int16_t *x, int16_t *y, int32_t count,
                                     int32_t multiplier, int32_t shift) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = aiedge_tanh_value(table, aiedge_sigmoid_input(x[i], multiplier, shift));
  }
}

#endif
