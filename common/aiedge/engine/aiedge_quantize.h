// QUANTIZE from float to int8 and DEQUANTIZE back: real = scale * (integer - zero_point).
#ifndef AIEDGE_QUANTIZE_H
#define AIEDGE_QUANTIZE_H

#include <math.h>

#include "aiedge_engine.h"

AIEDGE_KERNEL void aiedge_quantize_f32(const float *x, int8_t *y, int32_t count, float scale,
                                       int32_t zero_point) {
  for (int32_t i = 0; i < count; i++) {
    // Clamped as a float first: converting a number that int32_t cannot hold is undefined. NaN becomes the
    // lowest value.
    float rounded = roundf(x[i] / scale) + (float)zero_point;
    y[i] = (int8_t)(rounded > -128.0f ? (rounded < 127.0f ? rounded : 127.0f) : -128.0f);
  }
}

AIEDGE_KERNEL void aiedge_dequantize_int8(const int8_t *x, float *y, int32_t count, float scale,
                                          int32_t zero_point) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = scale * (float)(x[i] - zero_point);
  }
}

#endif
