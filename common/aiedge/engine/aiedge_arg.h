// ARG_MAX and ARG_MIN: the first index of the largest or smallest value along a dimension.
#ifndef AIEDGE_ARG_H
#define AIEDGE_ARG_H

#include "aiedge_engine.h"

// One kernel for each type and order; `inner` values lie between neighbours of the dimension.
#define AIEDGE_ARG(name, type, order)                                                          \
  AIEDGE_KERNEL void aiedge_arg_##name(const type *x, int32_t *y, int32_t outer, int32_t size, \
                                       int32_t inner) {                                        \
    for (int32_t i = 0; i < outer; i++) {                                                      \
      for (int32_t j = 0; j < inner; j++) {                                                    \
        int32_t found = 0;                                                                     \
        for (int32_t k = 1; k < size; k++) {                                                   \
          found = x[k * inner + j] order x[found * inner + j] ? k : found;                     \
        }                                                                                      \
        *y++ = found;                                                                          \
      }                                                                                        \
      x += size * inner;                                                                       \
    }                                                                                          \
  }

AIEDGE_ARG(max_int8, int8_t, >)
AIEDGE_ARG(max_f32, float, >)
AIEDGE_ARG(min_int8, int8_t, <)
AIEDGE_ARG(min_f32, float, <)

#endif
