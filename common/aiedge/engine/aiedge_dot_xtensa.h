// aiedge_dot.h for an Xtensa without signed byte loads: values and weights are taken plus 128, as unsigned
// bytes.
#ifndef AIEDGE_DOT_XTENSA_H
#define AIEDGE_DOT_XTENSA_H

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

// Whether aiedge_dot_2x2() is fast on runs that start here: at multiples of four.
static inline int aiedge_dot_takes(const int8_t *x0, const int8_t *x1) {
  return (((uintptr_t)x0 | (uintptr_t)x1) & 3) == 0;
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

#endif
