// The inner loop of CONV_2D and FULLY_CONNECTED: dot products of one or two runs of input with two filters.
//
// Weights come packed, in pairs of filters: four weights of the first, four of the second, the next four of
// the first, ... A run whose length is no multiple of four is filled with zero weights. So one pass over the
// weights serves four sums, and a 32-bit load brings four weights.
#ifndef AIEDGE_DOT_H
#define AIEDGE_DOT_H

#include <string.h>

#include "aiedge_engine.h"

typedef struct {
  int32_t s00, s01, s10, s11;  // x0 by filter 0, x0 by filter 1, x1 by filter 0, x1 by filter 1
} aiedge_sums;

#if defined(AIEDGE_DSP)
#include "aiedge_dot_dsp.h"
#elif defined(AIEDGE_OFFSET)
#include "aiedge_dot_xtensa.h"
#elif defined(AIEDGE_AVX2)
#include "aiedge_dot_avx2.h"
#elif defined(AIEDGE_WASM)
#include "aiedge_dot_wasm.h"
#else

// Any other core, and the reference: plain C. Adds the products of two runs of `count` values with two
// filters; returns where the weights go on.
AIEDGE_INLINE const int8_t *aiedge_dot_2x2(const int8_t *x0, const int8_t *x1, const int8_t *w, int32_t count,
                                           aiedge_sums *s) {
  for (; count > 0; count -= 4, x0 += 4, x1 += 4, w += 8) {
    const int32_t n = count < 4 ? count : 4;
    for (int32_t i = 0; i < n; i++) {
      const int32_t a = x0[i], b = x1[i], u = w[i], v = w[4 + i];
      s->s00 += a * u;
      s->s01 += a * v;
      s->s10 += b * u;
      s->s11 += b * v;
    }
  }
  return w;
}

// The same for one run; adds to s00 and s01.
static inline const int8_t *aiedge_dot_1x2(const int8_t *x, const int8_t *w, int32_t count, aiedge_sums *s) {
  for (; count > 0; count -= 4, x += 4, w += 8) {
    const int32_t n = count < 4 ? count : 4;
    for (int32_t i = 0; i < n; i++) {
      s->s00 += x[i] * w[i];
      s->s01 += x[i] * w[4 + i];
    }
  }
  return w;
}

#endif

#ifndef AIEDGE_OFFSET

// Whether aiedge_dot_2x2() is fast on runs that start here.
static inline int aiedge_dot_takes(const int8_t *x0, const int8_t *x1) {
  (void)x0;
  (void)x1;
  return 1;
}

// What must be added to the sums of a run: nothing where values and weights are taken as they are.
static inline int32_t aiedge_offset(const int8_t *x, int32_t count) {
  (void)x;
  (void)count;
  return 0;
}

#endif

#endif
