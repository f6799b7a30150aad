// aiedge_dot.h for a Cortex-M with DSP instructions: SXTB16 spreads four int8 over two registers, SMLAD
// multiplies and adds two pairs.
#ifndef AIEDGE_DOT_DSP_H
#define AIEDGE_DOT_DSP_H

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

#endif
