// SOFTMAX: y[i] = e^x[i] / sum over the row of e^x[j].
#ifndef AIEDGE_SOFTMAX_H
#define AIEDGE_SOFTMAX_H

#include <math.h>

#include "aiedge_engine.h"
#include "aiedge_requantize.h"

// (a * b + 2^30) / 2^31: the product of two Q0.31 numbers, rounded.
static inline int32_t aiedge_softmax_product(int32_t a, int32_t b) {
  return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

// 1 / (1 + a) of a in [0, 1), both Q0.31, by three steps of Newton and Raphson in Q2.29. The start,
// 48/17 - 32/17 * d for d = (1 + a) / 2, is the straight line of least error.
static inline int32_t aiedge_softmax_reciprocal(int32_t a) {
  int32_t half_denominator = (int32_t)(((int64_t)a + INT32_MAX + 1) / 2);
  int32_t x = 1515870810 + aiedge_softmax_product(half_denominator, -1010580540);
  for (int i = 0; i < 3; i++) {
    int32_t error = (1 << 29) - aiedge_softmax_product(half_denominator, x);
    x += aiedge_softmax_product(x, error) * 4;
  }
  return x > INT32_MAX / 2 ? INT32_MAX : x * 2;
}

// `exponentials` holds e^0, e^-step, e^-2 step, ... as Q0.31 for the int8 differences 0, 1, 2, ... to the
// row's largest value; further ones count as 0. `bits` are those of the output, which begins at its type's
// least value: int8 has the scale 1/256 and the zero point -128, int16 1/65536 and -32768.
#define AIEDGE_SOFTMAX(suffix, type, bits)                                                              \
  AIEDGE_KERNEL void aiedge_softmax_##suffix(const int32_t *exponentials, int32_t differences,          \
                                             const int8_t *x, type *y, int32_t rows, int32_t columns) { \
    for (int32_t r = 0; r < rows; r++) {                                                                \
      int32_t largest = INT8_MIN;                                                                       \
      for (int32_t i = 0; i < columns; i++) {                                                           \
        largest = x[i] > largest ? x[i] : largest;                                                      \
      }                                                                                                 \
      uint32_t sum = 0; /* Q12.19 */                                                                    \
      for (int32_t i = 0; i < columns; i++) {                                                           \
        int32_t difference = largest - x[i];                                                            \
        if (difference < differences) {                                                                 \
          sum += ((uint32_t)exponentials[difference] + (1 << 11)) >> 12;                                \
        }                                                                                               \
      }                                                                                                 \
      /* sum = (1 + a) * 2^(31 - zeros), so 1 / sum is the reciprocal of 1 + a, shifted. */             \
      int32_t zeros = 0;                                                                                \
      while (!(sum & UINT32_C(0x80000000))) {                                                           \
        sum <<= 1;                                                                                      \
        zeros++;                                                                                        \
      }                                                                                                 \
      int32_t scale = aiedge_softmax_reciprocal((int32_t)(sum & INT32_MAX));                            \
      int32_t shift = 12 - zeros + 31 - bits;                                                           \
      for (int32_t i = 0; i < columns; i++) {                                                           \
        int32_t difference = largest - x[i];                                                            \
        int32_t value = 0;                                                                              \
        if (difference < differences && shift <= 31) {                                                  \
          value = aiedge_multiply(exponentials[difference], scale, -shift);                             \
        }                                                                                               \
        const int32_t half = 1 << (bits - 1);                                                           \
        y[i] = (type)aiedge_clamp_32(value - half, -half, half - 1);                                    \
      }                                                                                                 \
      x += columns;                                                                                     \
      y += columns;                                                                                     \
    }                                                                                                   \
  }

AIEDGE_SOFTMAX(int8, int8_t, 8)
AIEDGE_SOFTMAX(int16, int16_t, 16)

AIEDGE_KERNEL void aiedge_softmax_f32(const float *x, float *y, int32_t rows, int32_t columns, float beta) {
  for (int32_t r = 0; r < rows; r++) {
    float largest = x[0];
    for (int32_t i = 1; i < columns; i++) {
      largest = x[i] > largest ? x[i] : largest;
    }
    float sum = 0;
    for (int32_t i = 0; i < columns; i++) {
      y[i] = expf((x[i] - largest) * beta);
      sum += y[i];
    }
    for (int32_t i = 0; i < columns; i++) {
      y[i] /= sum;
    }
    x += columns;
    y += columns;
  }
}

#endif
