// QUANTIZE and DEQUANTIZE: real = scale * (integer - zero_point).
#ifndef AIEDGE_QUANTIZE_H
#define AIEDGE_QUANTIZE_H

#include <math.h>

#include "aiedge_engine.h"
#include "aiedge_requantize.h"

// From float. Clamped as a float first: converting a number that int32_t cannot hold is undefined. NaN
// becomes the lowest value.
#define AIEDGE_QUANTIZE(name, type, low, high)                                                       \
  AIEDGE_KERNEL void name(const float *x, type *y, int32_t count, float scale, int32_t zero_point) { \
    for (int32_t i = 0; i < count; i++) {                                                            \
      float rounded = roundf(x[i] / scale) + (float)zero_point;                                      \
      y[i] = (type)(rounded > (low) ? (rounded < (high) ? rounded : (high)) : (low));                \
    }                                                                                                \
  }

AIEDGE_QUANTIZE(aiedge_quantize_f32, int8_t, -128.0f, 127.0f)
AIEDGE_QUANTIZE(aiedge_quantize_f32_int16, int16_t, -32768.0f, 32767.0f)

// To float.
#define AIEDGE_DEQUANTIZE(name, type)                                                                \
  AIEDGE_KERNEL void name(const type *x, float *y, int32_t count, float scale, int32_t zero_point) { \
    for (int32_t i = 0; i < count; i++) {                                                            \
      y[i] = scale * (float)(x[i] - zero_point);                                                     \
    }                                                                                                \
  }

AIEDGE_DEQUANTIZE(aiedge_dequantize_int8, int8_t)
AIEDGE_DEQUANTIZE(aiedge_dequantize_uint8, uint8_t)
AIEDGE_DEQUANTIZE(aiedge_dequantize_int16, int16_t)

// From integers to wider or narrower ones; those of 8 bits on both sides have a table (aiedge_lookup.h). What
// leaves int32 on the way wraps.
#define AIEDGE_REQUANTIZE(from, to, low, high)                                                              \
  AIEDGE_KERNEL void aiedge_requantize_##from##_##to(const from##_t *x, to##_t *y, int32_t count,           \
                                                     int32_t zero_point, int32_t multiplier, int32_t shift, \
                                                     int32_t output_zero_point) {                           \
    for (int32_t i = 0; i < count; i++) {                                                                   \
      const int32_t centered = (int32_t)((uint32_t)x[i] - (uint32_t)zero_point);                            \
      const uint32_t scaled = (uint32_t)aiedge_multiply(centered, multiplier, shift);                       \
      y[i] = (to##_t)aiedge_clamp_32((int32_t)(scaled + (uint32_t)output_zero_point), low, high);           \
    }                                                                                                       \
  }

AIEDGE_REQUANTIZE(int8, int16, INT16_MIN, INT16_MAX)
AIEDGE_REQUANTIZE(int8, int32, INT32_MIN, INT32_MAX)
AIEDGE_REQUANTIZE(int16, int8, INT8_MIN, INT8_MAX)
AIEDGE_REQUANTIZE(int16, int16, INT16_MIN, INT16_MAX)
AIEDGE_REQUANTIZE(int16, int32, INT32_MIN, INT32_MAX)
AIEDGE_REQUANTIZE(int32, int8, INT8_MIN, INT8_MAX)
AIEDGE_REQUANTIZE(int32, int16, INT16_MIN, INT16_MAX)

#endif
