// Element-wise operators of one input on floats: y[i] = f(x[i]). The output may lie over the input.
#ifndef AIEDGE_ACTIVATION_H
#define AIEDGE_ACTIVATION_H

#include <math.h>

#include "aiedge_engine.h"

// One kernel for each formula of a value v.
#define AIEDGE_UNARY_F32(name, formula)                                             \
  AIEDGE_KERNEL void aiedge_##name##_f32(const float *x, float *y, int32_t count) { \
    for (int32_t i = 0; i < count; i++) {                                           \
      const float v = x[i];                                                         \
      y[i] = formula;                                                               \
    }                                                                               \
  }

AIEDGE_UNARY_F32(abs, fabsf(v))
AIEDGE_UNARY_F32(ceil, ceilf(v))
AIEDGE_UNARY_F32(cos, cosf(v))
AIEDGE_UNARY_F32(elu, v < 0.0f ? expm1f(v) : v)
AIEDGE_UNARY_F32(exp, expf(v))
AIEDGE_UNARY_F32(floor, floorf(v))
AIEDGE_UNARY_F32(log, logf(v))
// Below -9 TensorFlow Lite Micro takes e^v, which is at most 1.2e-4 of the value more.
AIEDGE_UNARY_F32(logistic, v < -9.0f ? expf(v) : 1.0f / (1.0f + expf(-v)))
AIEDGE_UNARY_F32(neg, -v)
AIEDGE_UNARY_F32(relu, v < 0.0f ? 0.0f : v)
AIEDGE_UNARY_F32(relu6, v > 6.0f ? 6.0f : v < 0.0f ? 0.0f : v)
AIEDGE_UNARY_F32(round, rintf(v))  // halves to even
AIEDGE_UNARY_F32(rsqrt, 1.0f / sqrtf(v))
AIEDGE_UNARY_F32(sin, sinf(v))
AIEDGE_UNARY_F32(sqrt, sqrtf(v))
AIEDGE_UNARY_F32(square, (v * v))
AIEDGE_UNARY_F32(tanh, tanhf(v))

AIEDGE_KERNEL void aiedge_gelu_f32(const float *x, float *y, int32_t count, int32_t approximate) {
  const float root = 0.797884561f, cubed = 0.044715f, half_root = 0.707106781f;  // of 2 / pi, of 1 / 2
  for (int32_t i = 0; i < count; i++) {
    const float v = x[i];
    y[i] = 0.5f * v * (approximate ? 1.0f + tanhf(root * (v + cubed * v * v * v)) : erfcf(v * -half_root));
  }
}

AIEDGE_KERNEL void aiedge_hard_swish_f32(const float *x, float *y, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    float gate = x[i] + 3.0f;
    y[i] = x[i] * (gate < 0.0f ? 0.0f : gate > 6.0f ? 6.0f : gate) / 6.0f;
  }
}

AIEDGE_KERNEL void aiedge_leaky_relu_f32(const float *x, float *y, int32_t count, float alpha) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = x[i] > 0.0f ? x[i] : x[i] * alpha;
  }
}

#endif
