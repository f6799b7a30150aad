// The inner loop of CONV_2D and FULLY_CONNECTED: dot products of one or two runs of input with two filters.
//
// Weights come packed, in pairs of filters: four weights of the first, four of the second, the next four of
// the first, ... A run whose length is no multiple of four is filled with zero weights. So one pass over the
// weights serves four sums, and a 32-bit load brings four weights.
#ifndef AIEDGE_DOT_H
#define AIEDGE_DOT_H

#include <string.h>

#include "aiedge_engine.h"

#if defined(__ARM_FEATURE_DSP) && !defined(AIEDGE_REFERENCE)

// Cortex-M with DSP instructions: SXTB16 spreads four int8 over two registers, SMLAD multiplies and adds two
// pairs.

static inline uint32_t aiedge_load4(const int8_t *x) {
  uint32_t word;
  memcpy(&word, x, sizeof word);
  return word;
}

// The last one to three values of a run, the rest zero.
static inline uint32_t aiedge_load_tail(const int8_t *x, int32_t count) {
  uint32_t word = (uint8_t)x[0];
  if (count > 1) word |= (uint32_t)(uint8_t)x[1] << 8;
  if (count > 2) word |= (uint32_t)(uint8_t)x[2] << 16;
  return word;
}

static inline uint32_t aiedge_even(uint32_t word) {
  uint32_t spread;
  __asm("sxtb16 %0, %1" : "=r"(spread) : "r"(word));
  return spread;
}

static inline uint32_t aiedge_odd(uint32_t word) {
  uint32_t spread;
  __asm("sxtb16 %0, %1, ror #8" : "=r"(spread) : "r"(word));
  return spread;
}

static inline int32_t aiedge_multiply_add_2(uint32_t x, uint32_t w, int32_t sum) {
  __asm("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(x), "r"(w));
  return sum;
}

#define AIEDGE_DOT_STEP_2X2(word0, word1)                                                      \
  do {                                                                                         \
    uint32_t u = aiedge_load4(w), v = aiedge_load4(w + 4), p = word0, q = word1;               \
    uint32_t u1 = aiedge_odd(u), u0 = aiedge_even(u), v1 = aiedge_odd(v), v0 = aiedge_even(v); \
    uint32_t p1 = aiedge_odd(p), p0 = aiedge_even(p);                                          \
    s00 = aiedge_multiply_add_2(p0, u0, s00);                                                  \
    s01 = aiedge_multiply_add_2(p0, v0, s01);                                                  \
    s00 = aiedge_multiply_add_2(p1, u1, s00);                                                  \
    s01 = aiedge_multiply_add_2(p1, v1, s01);                                                  \
    uint32_t q1 = aiedge_odd(q), q0 = aiedge_even(q);                                          \
    s10 = aiedge_multiply_add_2(q0, u0, s10);                                                  \
    s11 = aiedge_multiply_add_2(q0, v0, s11);                                                  \
    s10 = aiedge_multiply_add_2(q1, u1, s10);                                                  \
    s11 = aiedge_multiply_add_2(q1, v1, s11);                                                  \
    w += 8;                                                                                    \
  } while (0)

// sum[0..3] += x0 by filter 0, x0 by filter 1, x1 by filter 0, x1 by filter 1; returns where the weights go
// on.
static inline const int8_t *aiedge_dot_2x2(const int8_t *x0, const int8_t *x1, const int8_t *w, int32_t count,
                                           int32_t sum[4]) {
  int32_t s00 = sum[0], s01 = sum[1], s10 = sum[2], s11 = sum[3];
  const int8_t *end = x0 + (count & ~3);
  while (x0 != end) {
    AIEDGE_DOT_STEP_2X2(aiedge_load4(x0), aiedge_load4(x1));
    x0 += 4;
    x1 += 4;
  }
  if (count & 3) {
    AIEDGE_DOT_STEP_2X2(aiedge_load_tail(x0, count & 3), aiedge_load_tail(x1, count & 3));
  }
  sum[0] = s00, sum[1] = s01, sum[2] = s10, sum[3] = s11;
  return w;
}

#define AIEDGE_DOT_STEP_1X2(word)                                    \
  do {                                                               \
    uint32_t u = aiedge_load4(w), v = aiedge_load4(w + 4), p = word; \
    uint32_t p1 = aiedge_odd(p), p0 = aiedge_even(p);                \
    s0 = aiedge_multiply_add_2(p0, aiedge_even(u), s0);              \
    s1 = aiedge_multiply_add_2(p0, aiedge_even(v), s1);              \
    s0 = aiedge_multiply_add_2(p1, aiedge_odd(u), s0);               \
    s1 = aiedge_multiply_add_2(p1, aiedge_odd(v), s1);               \
    w += 8;                                                          \
  } while (0)

// sum[0..1] += x by filter 0, x by filter 1; returns where the weights go on.
static inline const int8_t *aiedge_dot_1x2(const int8_t *x, const int8_t *w, int32_t count, int32_t sum[2]) {
  int32_t s0 = sum[0], s1 = sum[1];
  const int8_t *end = x + (count & ~3);
  while (x != end) {
    AIEDGE_DOT_STEP_1X2(aiedge_load4(x));
    x += 4;
  }
  if (count & 3) AIEDGE_DOT_STEP_1X2(aiedge_load_tail(x, count & 3));
  sum[0] = s0, sum[1] = s1;
  return w;
}

#else

// Any other core, and the reference: plain C.

static inline const int8_t *aiedge_dot_1x2(const int8_t *x, const int8_t *w, int32_t count, int32_t sum[2]) {
  int32_t s0 = sum[0], s1 = sum[1];
  for (int32_t i = 0; i < count; i += 4, w += 8) {
    for (int32_t j = 0; j < 4 && i + j < count; j++) {
      s0 += x[i + j] * w[j];
      s1 += x[i + j] * w[4 + j];
    }
  }
  sum[0] = s0, sum[1] = s1;
  return w;
}

static inline const int8_t *aiedge_dot_2x2(const int8_t *x0, const int8_t *x1, const int8_t *w, int32_t count,
                                           int32_t sum[4]) {
  aiedge_dot_1x2(x0, w, count, sum);
  return aiedge_dot_1x2(x1, w, count, sum + 2);
}

#endif

#endif
