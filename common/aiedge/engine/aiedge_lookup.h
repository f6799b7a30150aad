// Every element-wise operator of one input of 8 bits (the activations, QUANTIZE): one load from a table.
#ifndef AIEDGE_LOOKUP_H
#define AIEDGE_LOOKUP_H

#include "aiedge_engine.h"

// `table` holds the outputs of the inputs 0 ... 127, -128 ... -1: the order of their bit patterns. Of
// uint8_t, the same bytes.
AIEDGE_KERNEL void aiedge_lookup_int8(const int8_t *table, const void *x, void *y, int32_t count) {
  const uint8_t *from = (const uint8_t *)x;
  int8_t *to = (int8_t *)y;
  for (int32_t i = 0; i < count; i++) {
    to[i] = table[from[i]];
  }
}

#endif
