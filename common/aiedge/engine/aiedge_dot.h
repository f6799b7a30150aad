// The inner loop of CONV_2D and FULLY_CONNECTED: dot products of one or two runs of input with two filters.
//
// Weights come packed, in pairs of filters: four weights of the first, four of the second, the next four of
// the first, ... A run whose length is no multiple of four is filled with zero weights. So one pass over the
// weights serves four sums, and a 32-bit load brings four weights.
#ifndef AIEDGE_DOT_H
#define AIEDGE_DOT_H

#include <string.h>

#include "aiedge_engine.h"

#ifdef AIEDGE_DSP

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

// Eight packed weights; the pointer moves on.
static inline void aiedge_load_weights(const int8_t **w, uint32_t *first, uint32_t *second) {
  __asm("ldrd %0, %1, [%2], #8" : "=&r"(*first), "=&r"(*second), "+r"(*w) : "m"(*(const int8_t (*)[8]) * w));
}

typedef struct {
  int32_t s00, s01, s10, s11;  // x0 by filter 0, x0 by filter 1, x1 by filter 0, x1 by filter 1
} aiedge_sums;

static inline void aiedge_dot_step(uint32_t p, uint32_t q, const int8_t **w, aiedge_sums *s) {
  uint32_t u, v;
  aiedge_load_weights(w, &u, &v);
  const uint32_t u1 = aiedge_odd(u), v1 = aiedge_odd(v), u0 = aiedge_even(u), v0 = aiedge_even(v);
  const uint32_t p1 = aiedge_odd(p), p0 = aiedge_even(p);
  s->s00 = aiedge_multiply_add_2(p1, u1, s->s00);
  s->s01 = aiedge_multiply_add_2(p1, v1, s->s01);
  s->s00 = aiedge_multiply_add_2(p0, u0, s->s00);
  s->s01 = aiedge_multiply_add_2(p0, v0, s->s01);
  const uint32_t q1 = aiedge_odd(q), q0 = aiedge_even(q);
  s->s10 = aiedge_multiply_add_2(q1, u1, s->s10);
  s->s11 = aiedge_multiply_add_2(q1, v1, s->s11);
  s->s10 = aiedge_multiply_add_2(q0, u0, s->s10);
  s->s11 = aiedge_multiply_add_2(q0, v0, s->s11);
}

// Four taps of two runs with two filters.
#define AIEDGE_DOT_STEP                  \
  "ldrd %[u], %[v], [%[w]], #8\n"        \
  "ldr %[p], [%[x0]], #4\n"              \
  "sxtb16 %[p1], %[p], ror #8\n"         \
  "sxtb16 %[p], %[p]\n"                  \
  "sxtb16 %[u1], %[u], ror #8\n"         \
  "sxtb16 %[u], %[u]\n"                  \
  "sxtb16 %[v1], %[v], ror #8\n"         \
  "sxtb16 %[v], %[v]\n"                  \
  "smlad %[s00], %[p1], %[u1], %[s00]\n" \
  "smlad %[s01], %[p1], %[v1], %[s01]\n" \
  "smlad %[s00], %[p], %[u], %[s00]\n"   \
  "smlad %[s01], %[p], %[v], %[s01]\n"   \
  "ldr %[p], [%[x1]], #4\n"              \
  "sxtb16 %[p1], %[p], ror #8\n"         \
  "sxtb16 %[p], %[p]\n"                  \
  "smlad %[s10], %[p1], %[u1], %[s10]\n" \
  "smlad %[s11], %[p1], %[v1], %[s11]\n" \
  "smlad %[s10], %[p], %[u], %[s10]\n"   \
  "smlad %[s11], %[p], %[v], %[s11]\n"

// `steps` until x0 reaches `last`, once at least. In assembly, since the compiler runs out of registers here
// and spills: this takes all that there are.
#define AIEDGE_DOT_LOOP(steps, last)                                                                     \
  do {                                                                                                   \
    uint32_t u, v, u1, v1, p, p1;                                                                        \
    __asm volatile("1:\n" steps "cmp %[x0], %[end]\nbne 1b\n"                                            \
                   : [s00] "+&r"(s->s00), [s01] "+&r"(s->s01), [s10] "+&r"(s->s10), [s11] "+&r"(s->s11), \
                     [x0] "+&r"(x0), [x1] "+&r"(x1), [w] "+&r"(w), [u] "=&r"(u), [v] "=&r"(v),           \
                     [u1] "=&r"(u1), [v1] "=&r"(v1), [p] "=&r"(p), [p1] "=&r"(p1)                        \
                   : [end] "r"(last)                                                                     \
                   : "cc", "memory");                                                                    \
  } while (0)

// Adds the products of two runs of `count` values with two filters; returns where the weights go on.
AIEDGE_INLINE const int8_t *aiedge_dot_2x2(const int8_t *x0, const int8_t *x1, const int8_t *w, int32_t count,
                                           aiedge_sums *s) {
  if (count >= 16) {
    AIEDGE_DOT_LOOP(AIEDGE_DOT_STEP AIEDGE_DOT_STEP AIEDGE_DOT_STEP AIEDGE_DOT_STEP, x0 + (count & ~15));
  }
  if (count & 15) {
    if (count & 12) AIEDGE_DOT_LOOP(AIEDGE_DOT_STEP, x0 + (count & 12));
    if (count & 3) {
      const uint32_t p = aiedge_load_tail(x0, count & 3), q = aiedge_load_tail(x1, count & 3);
      uint32_t u, v;
      aiedge_load_weights(&w, &u, &v);
      const uint32_t u1 = aiedge_odd(u), v1 = aiedge_odd(v), u0 = aiedge_even(u), v0 = aiedge_even(v);
      s->s00 = aiedge_multiply_add_2(aiedge_odd(p), u1, aiedge_multiply_add_2(aiedge_even(p), u0, s->s00));
      s->s01 = aiedge_multiply_add_2(aiedge_odd(p), v1, aiedge_multiply_add_2(aiedge_even(p), v0, s->s01));
      s->s10 = aiedge_multiply_add_2(aiedge_odd(q), u1, aiedge_multiply_add_2(aiedge_even(q), u0, s->s10));
      s->s11 = aiedge_multiply_add_2(aiedge_odd(q), v1, aiedge_multiply_add_2(aiedge_even(q), v0, s->s11));
    }
  }
  return w;
}

static inline void aiedge_dot_step_1(uint32_t p, const int8_t **w, aiedge_sums *s) {
  uint32_t u, v;
  aiedge_load_weights(w, &u, &v);
  const uint32_t p1 = aiedge_odd(p), p0 = aiedge_even(p);
  s->s00 = aiedge_multiply_add_2(p1, aiedge_odd(u), s->s00);
  s->s01 = aiedge_multiply_add_2(p1, aiedge_odd(v), s->s01);
  s->s00 = aiedge_multiply_add_2(p0, aiedge_even(u), s->s00);
  s->s01 = aiedge_multiply_add_2(p0, aiedge_even(v), s->s01);
}

// The same for one run; adds to s00 and s01.
static inline const int8_t *aiedge_dot_1x2(const int8_t *x, const int8_t *w, int32_t count, aiedge_sums *s) {
  for (const int8_t *end = x + (count & ~3); x != end; x += 4) {
    aiedge_dot_step_1(aiedge_load4(x), &w, s);
  }
  count &= 3;
  if (count) aiedge_dot_step_1(aiedge_load_tail(x, count), &w, s);
  return w;
}

#elif defined(AIEDGE_OFFSET)

typedef struct {
  int32_t s00, s01, s10, s11;
} aiedge_sums;

// A byte plus 128.
static inline uint32_t aiedge_byte_offset(const int8_t *x) {
  uint32_t byte = *(const uint8_t *)x;
  // In assembly, since the compiler flips more bits and masks them afterwards.
  __asm("xor %0, %0, %1" : "+r"(byte) : "r"(128));
  return byte;
}

// 128 times the sum of x + 128: what weights with an offset add to the sums of a run.
static inline int32_t aiedge_offset(const int8_t *x, int32_t count) {
  uint32_t sum = 0;
  for (; count > 0; count--) sum += aiedge_byte_offset(x++);
  return (int32_t)(sum << 7);
}

#define AIEDGE_DOT_TAP_ASM(bit) \
  "extui %[f], %[u], " bit      \
  ", 8\n"                       \
  "extui %[a], %[p], " bit      \
  ", 8\n"                       \
  "mull %[m], %[a], %[f]\n"     \
  "extui %[b], %[q], " bit      \
  ", 8\n"                       \
  "add %[s00], %[s00], %[m]\n"  \
  "mull %[m], %[b], %[f]\n"     \
  "extui %[f], %[v], " bit      \
  ", 8\n"                       \
  "add %[s10], %[s10], %[m]\n"  \
  "mull %[a], %[a], %[f]\n"     \
  "mull %[b], %[b], %[f]\n"     \
  "add %[s01], %[s01], %[a]\n"  \
  "add %[s11], %[s11], %[b]\n"

// Adds the products of two runs of `count` values with two filters, all plus 128; returns where the weights
// go on.
AIEDGE_INLINE const int8_t *aiedge_dot_2x2(const int8_t *x0, const int8_t *x1, const int8_t *w, int32_t count,
                                           aiedge_sums *s) {
  uint32_t s00 = (uint32_t)s->s00, s01 = (uint32_t)s->s01, s10 = (uint32_t)s->s10, s11 = (uint32_t)s->s11;
  if ((((uintptr_t)x0 | (uintptr_t)x1) & 3) == 0) {
    const int8_t *end = x0 + (count & ~3);
    if (x0 != end) {
      // Weights and the second run keep step with the first: two bytes for one, and as far apart as at the
      // start.
      const uintptr_t weights = (uintptr_t)w - 2 * (uintptr_t)x0;
      const int32_t apart = x1 - x0;
      const uint32_t flip = UINT32_C(0x80808080);
      uint32_t u, v, p, q, f, a, b, m;
      // In assembly, since the compiler runs out of registers here and spills.
      __asm volatile(
          "1:\n"
          "l32i %[v], %[weights]\n"
          "l32i %[p], %[x0], 0\n"
          "addx2 %[v], %[x0], %[v]\n"
          "l32i %[u], %[v], 0\n"
          "l32i %[v], %[v], 4\n"
          "l32i %[q], %[apart]\n"
          "l32i %[f], %[flip]\n"
          "add %[q], %[q], %[x0]\n"
          "l32i %[q], %[q], 0\n"
          "xor %[u], %[u], %[f]\n"
          "xor %[v], %[v], %[f]\n"
          "xor %[p], %[p], %[f]\n"
          "xor %[q], %[q], %[f]\n" AIEDGE_DOT_TAP_ASM("0") AIEDGE_DOT_TAP_ASM("8") AIEDGE_DOT_TAP_ASM("16")
              AIEDGE_DOT_TAP_ASM("24")
          "l32i %[m], %[end]\n"
          "addi %[x0], %[x0], 4\n"
          "bne %[x0], %[m], 1b\n"
          : [s00] "+&r"(s00), [s01] "+&r"(s01), [s10] "+&r"(s10), [s11] "+&r"(s11), [x0] "+&r"(x0),
            [u] "=&r"(u), [v] "=&r"(v), [p] "=&r"(p), [q] "=&r"(q), [f] "=&r"(f), [a] "=&r"(a), [b] "=&r"(b),
            [m] "=&r"(m)
          : [weights] "m"(weights), [apart] "m"(apart), [flip] "m"(flip), [end] "m"(end)
          : "memory");
      x1 = x0 + apart;
      w += 2 * (count & ~3);
    }
  } else {
    // Runs that do not start at a multiple of four: pointwise layers whose channels are none.
    for (; count >= 4; count -= 4, w += 8) {
      for (int32_t i = 0; i < 4; i++) {
        const uint32_t first = aiedge_byte_offset(w + i), second = aiedge_byte_offset(w + 4 + i);
        const uint32_t at_x0 = aiedge_byte_offset(x0++), at_x1 = aiedge_byte_offset(x1++);
        s00 += at_x0 * first;
        s01 += at_x0 * second;
        s10 += at_x1 * first;
        s11 += at_x1 * second;
      }
    }
  }
  if (count & 3) {
    for (int32_t i = 0; i < (count & 3); i++) {
      const uint32_t first = aiedge_byte_offset(w + i), second = aiedge_byte_offset(w + 4 + i);
      const uint32_t at_x0 = aiedge_byte_offset(x0 + i), at_x1 = aiedge_byte_offset(x1 + i);
      s00 += at_x0 * first;
      s01 += at_x0 * second;
      s10 += at_x1 * first;
      s11 += at_x1 * second;
    }
    w += 8;
  }
  s->s00 = (int32_t)s00, s->s01 = (int32_t)s01, s->s10 = (int32_t)s10, s->s11 = (int32_t)s11;
  return w;
}

// The same for one run; adds to s00 and s01.
static inline const int8_t *aiedge_dot_1x2(const int8_t *x, const int8_t *w, int32_t count, aiedge_sums *s) {
  uint32_t s00 = (uint32_t)s->s00, s01 = (uint32_t)s->s01;
  for (; count > 0; count -= 4, w += 8) {
    for (int32_t i = 0; i < 4 && i < count; i++) {
      const uint32_t a = aiedge_byte_offset(x++);
      s00 += a * aiedge_byte_offset(w + i);
      s01 += a * aiedge_byte_offset(w + 4 + i);
    }
  }
  s->s00 = (int32_t)s00, s->s01 = (int32_t)s01;
  return w;
}

#elif defined(AIEDGE_AVX2)

#include "aiedge_dot_avx2.h"

#else

// Any other core, and the reference: plain C.

typedef struct {
  int32_t s00, s01, s10, s11;
} aiedge_sums;

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

// Whether the fast loop takes runs that start here: on Xtensa at multiples of four only.
static inline int aiedge_dot_takes(const int8_t *x0, const int8_t *x1) {
#ifdef AIEDGE_OFFSET
  return (((uintptr_t)x0 | (uintptr_t)x1) & 3) == 0;
#else
  (void)x0;
  (void)x1;
  return 1;
#endif
}

#ifndef AIEDGE_OFFSET
static inline int32_t aiedge_offset(const int8_t *x, int32_t count) {
  (void)x;
  (void)count;
  return 0;
}
#endif

#endif
