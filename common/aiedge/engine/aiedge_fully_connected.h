// FULLY_CONNECTED: y[o] = activation(bias[o] + sum over i of weights[o][i] * x[i]).
//
// Letters: B rows of input, I inputs, O outputs. Weights are [O][I], x is [B][I], y is [B][O].
#ifndef AIEDGE_FULLY_CONNECTED_H
#define AIEDGE_FULLY_CONNECTED_H

#include "aiedge_dot.h"
#include "aiedge_engine.h"
#include "aiedge_requantize.h"

typedef struct {
  const int8_t *weights;  // packed in pairs of outputs, see aiedge_dot.h
  const int32_t *scales;  // bias, multiplier and shift of each output; the input's zero point is folded in
  aiedge_output output;
  int32_t rows, inputs, outputs;
} aiedge_fully_connected_int8_layer;

AIEDGE_KERNEL void aiedge_fully_connected_int8(const aiedge_fully_connected_int8_layer *layer,
                                               const int8_t *x, int8_t *y) {
  for (int32_t b = 0; b < layer->rows; b++) {
    const int32_t offset = aiedge_offset(x, layer->inputs);
    const int8_t *w = layer->weights;
    const int32_t *scale = layer->scales, *end = scale + layer->outputs * AIEDGE_CHANNEL_STEP;
    while (scale != end) {
      const int32_t *other = scale + AIEDGE_CHANNEL_STEP;
      if (other == end) other = scale;
      aiedge_sums sums = {scale[AIEDGE_BIAS] - offset, other[AIEDGE_BIAS] - offset, 0, 0};
      w = aiedge_dot_1x2(x, w, layer->inputs, &sums);
      *y++ = aiedge_finish(sums.s00, scale, &layer->output);
      if (other != scale) *y++ = aiedge_finish(sums.s01, other, &layer->output);
      scale = other + AIEDGE_CHANNEL_STEP;
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

typedef struct {
  const int8_t *weights;
  AIEDGE_INT16_OUTPUT
  int32_t rows, inputs, outputs;
} aiedge_fully_connected_int16_layer;

AIEDGE_KERNEL void aiedge_fully_connected_int16(const aiedge_fully_connected_int16_layer *layer,
                                                const int16_t *x, int16_t *y) {
  for (int32_t b = 0; b < layer->rows; b++) {
    const int8_t *w = layer->weights;
    for (int32_t o = 0; o < layer->outputs; o++) {
      int64_t sum = 0;
      for (int32_t i = 0; i < layer->inputs; i++) {
        sum += x[i] * *w++;
      }
      *y++ = aiedge_finish_int16(sum, layer->scales + o * AIEDGE_WIDE_STEP, layer->narrow, layer->low,
                                 layer->high);
    }
    x += layer->inputs;
  }
}

#endif
