// From an int32 sum to int8: multiply by a real factor in integers, add the zero point, clamp.
//
// factor = multiplier * 2^(shift - 31), multiplier in [2^30, 2^31). The product is rounded twice, as
// TensorFlow Lite Micro does: halves up after the multiplication, halves away from zero after the right
// shift.
#ifndef AIEDGE_REQUANTIZE_H
#define AIEDGE_REQUANTIZE_H

#include <stdint.h>

#include "aiedge_engine.h"

// (x * multiplier + 2^30) / 2^31, rounded down; |x| < 2^30.
static inline int32_t aiedge_high_multiply(int32_t x, int32_t multiplier) {
#ifdef AIEDGE_DSP
  int32_t high;
  __asm("smmulr %0, %1, %2" : "=r"(high) : "r"(x << 1), "r"(multiplier));
  return high;
#elif defined(AIEDGE_OFFSET)
  // Without a 64-bit product, of 16-bit halves: the low halves' product matters by what it carries only.
  const int32_t x_high = x >> 16, m_high = multiplier >> 16;
  const uint32_t x_low = (uint32_t)x & 0xFFFF, m_low = (uint32_t)multiplier & 0xFFFF;
  const uint32_t middle =
      x_low * (uint32_t)m_high + (x_low * m_low >> 16) + (uint32_t)(x_high * (int32_t)m_low);
  // 2^30 keeps the sum positive; 2^14 is the half that rounds.
  return 2 * x_high * m_high + (int32_t)((middle + (UINT32_C(1) << 30) + (1 << 14)) >> 15) - (1 << 15);
#else
  return (int32_t)(((int64_t)x * multiplier + (INT64_C(1) << 30)) >> 31);
#endif
}

// (a * b + 2^30) / 2^31, rounded down: the product of two Q0.31 numbers.
static inline int32_t aiedge_product(int32_t a, int32_t b) {
  return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

// x / 2^exponent, halves away from zero; exponent from 1 to 31.
static inline int32_t aiedge_round_shift(int32_t x, int32_t exponent) {
  // Half of the divisor, less one for negative numbers.
  int32_t half = (int32_t)(UINT32_C(1) << (exponent - 1));
  int32_t floor = x >> exponent;
  int32_t rest = x - (int32_t)((uint32_t)floor << exponent);
  return floor + (rest >= half + (x < 0));
}

// x * factor for any shift and any x.
static inline int32_t aiedge_multiply(int32_t x, int32_t multiplier, int32_t shift) {
  if (shift > 0) {
    x = (int32_t)((uint32_t)x << shift);
  }
  int32_t product = aiedge_product(x, multiplier);
  return shift < 0 ? aiedge_round_shift(product, -shift) : product;
}

static inline int32_t aiedge_clamp_32(int32_t x, int32_t low, int32_t high) {
  return x < low ? low : x > high ? high : x;
}

static inline int8_t aiedge_clamp(int32_t x, int32_t low, int32_t high) {
  return (int8_t)aiedge_clamp_32(x, low, high);
}

// What one output channel of a layer needs: three numbers in a row.
enum { AIEDGE_BIAS, AIEDGE_MULTIPLIER, AIEDGE_SHIFT, AIEDGE_CHANNEL_STEP };

// What all its channels share.
typedef struct {
  int16_t zero_point;
  int16_t low, high;  // the fused activation's range
  int16_t plain;      // 1 where that is all of int8, and aiedge_finish_fast() serves every channel
} aiedge_output;

AIEDGE_KERNEL int32_t aiedge_multiply_any(int32_t x, int32_t multiplier, int32_t shift) {
  return aiedge_multiply(x, multiplier, shift);
}

// A sum of a channel to int8: times its factor, plus the zero point, clamped to -128 ... 127. The sum is
// within 2^29 and the shift a right shift, from 1 to 30.
static inline int32_t aiedge_finish_fast(int32_t sum, int32_t multiplier, int32_t shift, int32_t zero_point) {
  sum = aiedge_high_multiply(sum, multiplier);
  sum += sum >> 31;  // halves of negative numbers go down
#ifdef AIEDGE_DSP
  // The shift leaves the last bit that it drops in the carry: that rounds.
  __asm("asrs %0, %0, %1\n\tadc %0, %0, %2\n\tssat %0, #8, %0"
        : "+r"(sum)
        : "r"(shift), "r"(zero_point)
        : "cc");
  return sum;
#else
  return aiedge_clamp_32(((sum + (1 << (shift - 1))) >> shift) + zero_point, -128, 127);
#endif
}

// The same for any channel and with the fused activation. Where the above does not hold for a channel, its
// shift is that of aiedge_multiply(), less 64.
static inline int8_t aiedge_finish(int32_t sum, const int32_t *channel, const aiedge_output *output) {
  const int32_t multiplier = channel[AIEDGE_MULTIPLIER], shift = channel[AIEDGE_SHIFT];
  const int32_t value = shift > 0 ? aiedge_finish_fast(sum, multiplier, shift, output->zero_point)
                                  : aiedge_multiply_any(sum, multiplier, shift + 64) + output->zero_point;
  return aiedge_clamp(value, output->low, output->high);
}

// What the outputs of an int16 layer need: four numbers of each, and what all share.
#define AIEDGE_INT16_OUTPUT \
  const int32_t *scales;    \
  int32_t narrow;           \
  int32_t low, high;

// The four numbers: the bias of 64 bits, the low ones first, and a scale.
enum { AIEDGE_LOW_BIAS, AIEDGE_HIGH_BIAS, AIEDGE_WIDE_MULTIPLIER, AIEDGE_WIDE_SHIFT, AIEDGE_WIDE_STEP };

// An int16 layer's output of a channel. Where `narrow`, TensorFlow Lite Micro adds up in int32 (what leaves
// it wraps), and the scale is that of aiedge_multiply(). Otherwise the sum is within 2^47; the scale is a
// factor of 15 bits and a right shift, which rounds halves up.
static inline int16_t aiedge_finish_int16(int64_t sum, const int32_t *channel, int32_t narrow, int32_t low,
                                          int32_t high) {
  const int32_t multiplier = channel[AIEDGE_WIDE_MULTIPLIER], shift = channel[AIEDGE_WIDE_SHIFT];
  int32_t value;
  sum += (int64_t)((uint64_t)(uint32_t)channel[AIEDGE_HIGH_BIAS] << 32 | (uint32_t)channel[AIEDGE_LOW_BIAS]);
  if (narrow) {
    value = aiedge_multiply_any((int32_t)(uint32_t)sum, multiplier, shift);
  } else {
    value = (int32_t)((sum * multiplier + (INT64_C(1) << (shift - 1))) >> shift);
  }
  return (int16_t)aiedge_clamp_32(value, low, high);
}

#endif
