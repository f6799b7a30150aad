// RELU, LOGISTIC and TANH on floats.
#ifndef AIEDGE_ACTIVATION_H
#define AIEDGE_ACTIVATION_H

#include <math.h>

#include "aiedge_engine.h"

AIEDGE_KERNEL void aiedge_relu_f32(const float *x, float *y, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = x[i] < 0.0f ? 0.0f : x[i];
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
