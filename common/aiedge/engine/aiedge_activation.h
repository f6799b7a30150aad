// RELU, RELU6, LEAKY_RELU, HARD_SWISH, LOGISTIC and TANH on floats.
#ifndef AIEDGE_ACTIVATION_H
#define AIEDGE_ACTIVATION_H

#include <math.h>

#include "aiedge_engine.h"

AIEDGE_KERNEL void aiedge_relu_f32(const float *x, float *y, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = x[i] < 0.0f ? 0.0f : x[i];
  }
}

AIEDGE_KERNEL void aiedge_relu6_f32(const float *x, float *y, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = x[i] > 6.0f ? 6.0f : x[i] < 0.0f ? 0.0f : x[i];
  }
}

AIEDGE_KERNEL void aiedge_leaky_relu_f32(const float *x, float *y, int32_t count, float alpha) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = x[i] > 0.0f ? x[i] : x[i] * alpha;
  }
}

AIEDGE_KERNEL void aiedge_hard_swish_f32(const float *x, float *y, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    float gate = x[i] + 3.0f;
    y[i] = x[i] * (gate < 0.0f ? 0.0f : gate > 6.0f ? 6.0f : gate) / 6.0f;
  }
}

AIEDGE_KERNEL void aiedge_logistic_f32(const float *x, float *y, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = 1.0f / (1.0f + expf(-x[i]));
  }
}

AIEDGE_KERNEL void aiedge_tanh_f32(const float *x, float *y, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = tanhf(x[i]);
  }
}

#endif
