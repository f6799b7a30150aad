// ADD, and SUB, of two tensors of one shape on the ESP32's core, see aiedge_lx6.h.
//
// What a byte of b adds at the common scale is in a table, and what a adds is a shift; four times the sum is
// then scaled, with both roundings as one. The output may lie over an input.
#ifndef AIEDGE_ADD_LX6_H
#define AIEDGE_ADD_LX6_H

#include "aiedge_lx6.h"

typedef struct {
  const int32_t *table;  // of each byte of b, as an unsigned one: 4 times what it adds, zero points included
  int32_t multiplier;
  int32_t rounding;  // and the output's zero point
  int32_t shift;
  int32_t count;
  int32_t relu;  // 1 where the output's zero point is -128
} aiedge_add_lx6_layer;

#ifdef AIEDGE_LX6

void aiedge_lx6_add(const aiedge_add_lx6_layer *layer, const int8_t *a, const int8_t *b, int8_t *y);
void aiedge_lx6_add_relu(const aiedge_add_lx6_layer *layer, const int8_t *a, const int8_t *b, int8_t *y);

#else

AIEDGE_KERNEL void aiedge_lx6_add(const aiedge_add_lx6_layer *layer, const int8_t *a, const int8_t *b,
                                  int8_t *y) {
  for (int32_t i = 0; i < layer->count; i++) {
    const int32_t sum = a[i] * (INT32_C(1) << 21) + layer->table[(uint8_t)b[i]];
    const int32_t high = (int32_t)((int64_t)sum * layer->multiplier >> 32);
    const int32_t value = (high + layer->rounding - (high < 0 ? 2 : 0)) >> layer->shift;
    y[i] = (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
  }
}
#define aiedge_lx6_add_relu aiedge_lx6_add

#endif

static inline void aiedge_add_lx6_int8(const aiedge_add_lx6_layer *layer, const int8_t *a, const int8_t *b,
                                       int8_t *y) {
  (layer->relu ? aiedge_lx6_add_relu : aiedge_lx6_add)(layer, a, b, y);
}

#endif
