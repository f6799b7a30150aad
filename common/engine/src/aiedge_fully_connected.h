// FULLY_CONNECTED: y[o] = activation(bias[o] + sum over i of weights[o][i] * x[i]).
//
// Letters: B rows of input, I inputs, O outputs. Weights are [O][I], x is [B][I], y is [B][O].
#ifndef AIEDGE_FULLY_CONNECTED_H
#define AIEDGE_FULLY_CONNECTED_H

#include <math.h>  // INFINITY, the range of a layer without activation

#include "aiedge_dot.h"
#include "aiedge_engine.h"
#include "aiedge_requantize.h"

typedef struct {
  const int8_t *weights;      // packed in pairs of outputs, see aiedge_dot.h
  const int32_t *bias;        // the input's zero point is folded in: bias[o] - zero_point * sum of weights[o]
  const int32_t *multiplier;  // one a output where multiplier_step is 1, one for all where it is 0
  const int8_t *shift;
  int32_t rows, inputs, outputs;
  int32_t multiplier_step;
  int32_t output_zero_point;
  int32_t low, high;  // the fused activation's range
} aiedge_fully_connected_int8_layer;

AIEDGE_KERNEL void aiedge_fully_connected_int8(const aiedge_fully_connected_int8_layer *layer,
                                               const int8_t *x, int8_t *y) {
  for (int32_t b = 0; b < layer->rows; b++) {
    const int8_t *w = layer->weights;
    for (int32_t o = 0; o < layer->outputs; o += 2) {
      const int32_t two = o + 1 < layer->outputs;
      int32_t sum[2] = {layer->bias[o], layer->bias[o + two]};
      w = aiedge_dot_1x2(x, w, layer->inputs, sum);
      for (int32_t f = 0; f <= two; f++) {
        const int32_t m = (o + f) * layer->multiplier_step;
        int32_t q = aiedge_multiply(sum[f], layer->multiplier[m], layer->shift[m]) + layer->output_zero_point;
        *y++ = aiedge_clamp(q, layer->low, layer->high);
      }
    }
    x += layer->inputs;
  }
}

typedef struct {
  const float *weights;
  const float *bias;
  int32_t rows, inputs, outputs;
  float low, high;  // the fused activation's range
} aiedge_fully_connected_f32_layer;

AIEDGE_KERNEL void aiedge_fully_connected_f32(const aiedge_fully_connected_f32_layer *layer, const float *x,
                                              float *y) {
  for (int32_t b = 0; b < layer->rows; b++) {
    const float *w = layer->weights;
    for (int32_t o = 0; o < layer->outputs; o++) {
      float sum = 0;
      for (int32_t i = 0; i < layer->inputs; i++) {
        sum += x[i] * *w++;
      }
      sum += layer->bias[o];
      *y++ = sum < layer->low ? layer->low : sum > layer->high ? layer->high : sum;
    }
    x += layer->inputs;
  }
}

#endif
