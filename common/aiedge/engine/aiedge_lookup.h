// Every element-wise int8 operator of one input (the activations, QUANTIZE from int8): one load from a table.
#ifndef AIEDGE_LOOKUP_H
#define AIEDGE_LOOKUP_H

#include "aiedge_engine.h"

// `table` holds the outputs of the inputs 0 ... 127, -128 ... -1: the order of their bit patterns.
AIEDGE_KERNEL void aiedge_lookup_int8(const int8_t *table, const int8_t *x, int8_t *y, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = table[(uint8_t)x[i]];
  }
}

#endif
