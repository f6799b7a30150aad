// UNIDIRECTIONAL_SEQUENCE_LSTM: a memory of U cells, each with four gates, over T steps of a sequence.
//
//   f, i, o = sigmoid(W x + b + R h),  g = tanh(W x + b + R h)     of each gate its own W, b and R
//   c = f * c + i * g,  h = tanh(c) * o,  y[t] = h
//
// Letters: B sequences, T steps, I inputs, U cells. h and c are [B][U] and outlive the call. The gates stand
// in the order f, i, g, o; weights are [U][4][I + U], those of x before those of h.
#ifndef AIEDGE_LSTM_H
#define AIEDGE_LSTM_H

#include <math.h>
#include <string.h>

#include "aiedge_activation_int16.h"
#include "aiedge_engine.h"
#include "aiedge_requantize.h"

enum { AIEDGE_GATES = 4 };

// Row n of x and y: of sequence b at step t it is row b * sequence + t * step.
#define AIEDGE_LSTM_SIZES int32_t batches, steps, inputs, cells, sequence, step;

typedef struct {
  const int8_t *weights;
  const uint16_t *sigmoid;  // the table of aiedge_activation_int16.h
  const int32_t *biases;    // [U][4][2], zero points folded in: that of x, and that of h
  int32_t x_factors[2 * AIEDGE_GATES], h_factors[2 * AIEDGE_GATES];  // multipliers and shifts, to Q3.12
  int32_t forget[2], input[2], output[2];  // those of the products f * c, i * g and tanh(c) * o
  int32_t tanh_multiplier, tanh_shift;     // from c to steps of 3 * 2^12
  int32_t clip;                            // c stays within, where this is above 0
  int32_t zero_point;                      // of h
  AIEDGE_LSTM_SIZES
} aiedge_lstm_int8_layer;

// The largest of int16 or less, of a product of two int16 as well as of a sum.
static inline int32_t aiedge_int16(int32_t x) { return aiedge_clamp_32(x, -32768, 32767); }

static inline int32_t aiedge_lstm_dot(const int8_t *w, const int8_t *x, int32_t count, int32_t sum) {
  for (int32_t i = 0; i < count; i++) {
    sum += w[i] * x[i];
  }
  return sum;
}

AIEDGE_KERNEL void aiedge_lstm_int8(const aiedge_lstm_int8_layer *layer, const int8_t *x, int8_t *h,
                                    int16_t *c, int8_t *y) {
  const int32_t inputs = layer->inputs, cells = layer->cells;
  for (int32_t b = 0; b < layer->batches; b++, h += cells, c += cells) {
    for (int32_t t = 0; t < layer->steps; t++) {
      const int32_t n = b * layer->sequence + t * layer->step;
      const int8_t *row = x + n * inputs, *w = layer->weights;
      const int32_t *bias = layer->biases;
      int8_t *to = y + n * cells;  // h is needed until all cells are done
      for (int32_t u = 0; u < cells; u++) {
        int32_t gates[AIEDGE_GATES];
        for (int32_t k = 0; k < AIEDGE_GATES; k++, w += inputs + cells, bias += 2) {
          const int32_t *in = layer->x_factors + 2 * k, *back = layer->h_factors + 2 * k;
          const int32_t of_x = aiedge_lstm_dot(w, row, inputs, bias[0]);
          const int32_t of_h = aiedge_lstm_dot(w + inputs, h, cells, bias[1]);
          const int32_t sum = aiedge_int16(aiedge_int16(aiedge_multiply_any(of_x, in[0], in[1])) +
                                           aiedge_int16(aiedge_multiply_any(of_h, back[0], back[1])));
          gates[k] = k == 2 ? aiedge_tanh_value(layer->sigmoid, 3 * sum)
                            : aiedge_logistic_value(layer->sigmoid, 3 * sum);
        }
        const int32_t old =
            aiedge_int16(aiedge_multiply_any(gates[0] * c[u], layer->forget[0], layer->forget[1]));
        const int32_t more =
            aiedge_int16(aiedge_multiply_any(gates[1] * gates[2], layer->input[0], layer->input[1]));
        int32_t cell = aiedge_int16(old + more);
        if (layer->clip > 0) cell = aiedge_clamp_32(cell, -layer->clip, layer->clip);
        c[u] = (int16_t)cell;
        const int32_t bounded = aiedge_tanh_value(
            layer->sigmoid, aiedge_sigmoid_input(c[u], layer->tanh_multiplier, layer->tanh_shift));
        to[u] = aiedge_clamp(
            aiedge_multiply_any(bounded * gates[3], layer->output[0], layer->output[1]) + layer->zero_point,
            -128, 127);
      }
      memcpy(h, to, (size_t)cells);
    }
  }
}

typedef struct {
  const float *weights;
  const float *biases;  // [U][4]
  float clip;
  AIEDGE_LSTM_SIZES
} aiedge_lstm_f32_layer;

static inline float aiedge_lstm_dot_f32(const float *w, const float *x, int32_t count) {
  float sum = 0;
  for (int32_t i = 0; i < count; i++) {
    sum += w[i] * x[i];
  }
  return sum;
}

// As LOGISTIC of aiedge_activation.h.
static inline float aiedge_sigmoid_f32(float v) { return v < -9.0f ? expf(v) : 1.0f / (1.0f + expf(-v)); }

AIEDGE_KERNEL void aiedge_lstm_f32(const aiedge_lstm_f32_layer *layer, const float *x, float *h, float *c,
                                   float *y) {
  const int32_t inputs = layer->inputs, cells = layer->cells;
  for (int32_t b = 0; b < layer->batches; b++, h += cells, c += cells) {
    for (int32_t t = 0; t < layer->steps; t++) {
      const int32_t n = b * layer->sequence + t * layer->step;
      const float *row = x + n * inputs, *w = layer->weights, *bias = layer->biases;
      float *to = y + n * cells;
      for (int32_t u = 0; u < cells; u++) {
        float gates[AIEDGE_GATES];
        for (int32_t k = 0; k < AIEDGE_GATES; k++, w += inputs + cells) {
          const float sum =
              aiedge_lstm_dot_f32(w, row, inputs) + *bias++ + aiedge_lstm_dot_f32(w + inputs, h, cells);
          gates[k] = k == 2 ? tanhf(sum) : aiedge_sigmoid_f32(sum);
        }
        float cell = gates[0] * c[u] + gates[1] * gates[2];
        if (layer->clip > 0)
          cell = cell > layer->clip ? layer->clip : cell < -layer->clip ? -layer->clip : cell;
        c[u] = cell;
        to[u] = tanhf(cell) * gates[3];
      }
      memcpy(h, to, (size_t)cells * sizeof *h);
    }
  }
}

#endif
