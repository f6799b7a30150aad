// SOFTMAX: y[i] = e^x[i] / sum over the row of e^x[j]. LOG_SOFTMAX: its logarithm.
#ifndef AIEDGE_SOFTMAX_H
#define AIEDGE_SOFTMAX_H

#include <math.h>

#include "aiedge_engine.h"
#include "aiedge_requantize.h"

// 1 / (1 + a) of a in [0, 1), both Q0.31, by three steps of Newton and Raphson in Q2.29. The start,
// 48/17 - 32/17 * d for d = (1 + a) / 2, is the straight line of least error.
static inline int32_t aiedge_softmax_reciprocal(int32_t a) {
  int32_t half_denominator = (int32_t)(((int64_t)a + INT32_MAX + 1) / 2);
  int32_t x = 1515870810 + aiedge_product(half_denominator, -1010580540);
  for (int i = 0; i < 3; i++) {
    int32_t error = (1 << 29) - aiedge_product(half_denominator, x);
    x += aiedge_product(x, error) * 4;
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
AIEDGE_SOFTMAX(int8_to_16, int16_t, 16)

// An entry of a table of 513, and between two of them the straight line.
static inline int16_t aiedge_softmax_between(const int16_t *table, int32_t place) {
  const int16_t *entry = table + 256 + (place >> 7);
  const int32_t slope = (int16_t)(entry[1] - entry[0]);
  return (int16_t)(entry[0] + ((slope * (place & 127) + 64) >> 7));
}

static inline int16_t aiedge_softmax_clamp(int32_t x) {
  return (int16_t)aiedge_clamp_32(x, INT16_MIN, INT16_MAX);
}

// `exponentials` holds e^-10 ... e^0, `reciprocals` 1 / (1 + x) for x from 0 to 1, both Q0.15; multiplier and
// shift lead from differences of inputs to steps of 10 / 65535. The output has scale 1/32768 and zero point
// 0.
AIEDGE_KERNEL void aiedge_softmax_int16(const int16_t *exponentials, const int16_t *reciprocals,
                                        const int16_t *x, int16_t *y, int32_t rows, int32_t columns,
                                        int32_t multiplier, int32_t shift) {
  for (int32_t r = 0; r < rows; r++) {
    int32_t largest = INT16_MIN, sum = 0;
    for (int32_t i = 0; i < columns; i++) {
      largest = x[i] > largest ? x[i] : largest;
    }
    for (int32_t i = 0; i < columns; i++) {
      const int32_t difference = aiedge_multiply_any(x[i] - largest, multiplier, shift);
      y[i] = aiedge_softmax_between(exponentials, aiedge_softmax_clamp(difference + INT16_MAX));
      sum += y[i];
    }
    // sum = (1 + a) * 2^(30 - zeros)
    int32_t zeros = 0;
    while (!((uint32_t)sum << zeros & UINT32_C(0x40000000))) zeros++;
    const int32_t a = (int32_t)((((int64_t)sum << zeros) + (1 << 13)) >> 14) - 3 * (1 << 15);
    const int32_t scale = aiedge_softmax_between(reciprocals, aiedge_softmax_clamp(a));
    const int32_t right = 30 - zeros;
    for (int32_t i = 0; i < columns; i++) {
      const int64_t value = ((int64_t)y[i] * scale + (INT64_C(1) << (right - 1))) >> right;
      y[i] = (int16_t)aiedge_clamp_32((int32_t)value, 0, INT16_MAX);
    }
    x += columns;
    y += columns;
  }
}

// The logarithm of a sum >= 1 in Q12.19, as Q5.26.
//
// sum = r * 2^k with r between 1/sqrt(2) and 1: ln sum = k ln 2 + ln r. With c = 2^(-1/4), amid these ends,
// and q = 2 (r - c), a quotient of polynomials in q gives ln r. Numbers are Q0.31, the logarithm's parts
// Q6.25.
static inline int32_t aiedge_softmax_log(int32_t sum) {
  const int32_t half_root = 1518500250, c = 1805811301, ln_2 = 1488522236;
  const int32_t quarter = 1 << 23;
  int32_t headroom = 0;
  while (sum < (INT32_C(1) << 30) >> headroom) {
    headroom++;
  }
  int32_t r = (int32_t)((uint32_t)sum << headroom);  // between 1/2 and 1
  int32_t power = (12 - headroom) * (1 << 25) - quarter;
  if (aiedge_product(sum, half_root) < (INT32_C(1) << 30) >> headroom) {
    int32_t half = aiedge_product(r, half_root);
    r = half > INT32_MAX / 2 ? INT32_MAX : half * 2;
    power -= 2 * quarter;
  }
  int32_t q = (r - c) * 2, square = aiedge_product(q, q);
  int32_t p = (int32_t)(((int64_t)r + c + 1) / 2);
  int32_t numerator = aiedge_product(q, r) + aiedge_product(aiedge_product(q, square), 117049297);
  int32_t denominator =  // less one
      aiedge_product(p, 1057819769 + q + aiedge_product(127690142, square)) + aiedge_product(638450708, q);
  int32_t log = aiedge_product(power, ln_2) +
                aiedge_product(aiedge_round_shift(numerator, 6), aiedge_softmax_reciprocal(denominator));
  return log * 2;
}

typedef struct {
  const int32_t *exponentials;  // as above
  int32_t differences;
  int32_t multiplier, shift;       // from a difference of inputs to Q5.26
  int32_t inverse, inverse_shift;  // and back
} aiedge_log_softmax_int8_layer;

// The output has scale 1/16 and zero point 127.
AIEDGE_KERNEL void aiedge_log_softmax_int8(const aiedge_log_softmax_int8_layer *layer, const int8_t *x,
                                           int8_t *y, int32_t rows, int32_t columns) {
  for (int32_t r = 0; r < rows; r++) {
    int32_t largest = INT8_MIN;
    for (int32_t i = 0; i < columns; i++) {
      largest = x[i] > largest ? x[i] : largest;
    }
    int32_t sum = 0;  // Q12.19
    for (int32_t i = 0; i < columns; i++) {
      int32_t difference = largest - x[i];
      if (difference < layer->differences) {
        sum += (int32_t)(((uint32_t)layer->exponentials[difference] + (1 << 11)) >> 12);
      }
    }
    int32_t log = aiedge_softmax_log(sum);
    // What is further below the largest leaves Q5.26.
    int32_t lowest = aiedge_multiply(INT32_MIN + log, layer->inverse, layer->inverse_shift);
    lowest = lowest < -layer->differences ? -layer->differences : lowest;
    for (int32_t i = 0; i < columns; i++) {
      int32_t difference = x[i] - largest, value = INT8_MIN;
      if (difference > lowest) {
        difference = aiedge_multiply(difference, layer->multiplier, layer->shift);
        value = aiedge_round_shift((int32_t)((uint32_t)difference - (uint32_t)log), 22) + INT8_MAX;
      }
      y[i] = aiedge_clamp(value, INT8_MIN, INT8_MAX);
    }
    x += columns;
    y += columns;
  }
}

AIEDGE_KERNEL void aiedge_log_softmax_f32(const float *x, float *y, int32_t rows, int32_t columns) {
  for (int32_t r = 0; r < rows; r++) {
    float largest = x[0];
    for (int32_t i = 1; i < columns; i++) {
      largest = x[i] > largest ? x[i] : largest;
    }
    float sum = 0;
    for (int32_t i = 0; i < columns; i++) {
      sum += expf(x[i] - largest);
    }
    sum = logf(sum);
    for (int32_t i = 0; i < columns; i++) {
      y[i] = x[i] - largest - sum;
    }
    x += columns;
    y += columns;
  }
}

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
