// aiedge_dot.h in WebAssembly with SIMD: products of eight int16 at a time, neighbours added.
//
// Two steps of a pair of filters, widened to int16, are [f0 f0 f0 f0 f1 f1 f1 f1], twice; the values of a
// run are spread alike. So a register of sums holds two of filter 0 and two of filter 1.
#ifndef AIEDGE_DOT_WASM_H
#define AIEDGE_DOT_WASM_H

#include <wasm_simd128.h>

// Four values, twice, as int16.
AIEDGE_INLINE v128_t aiedge_spread_4(const int8_t *x) {
  return wasm_i16x8_extend_low_i8x16(wasm_v128_load32_splat(x));
}

// One to three values and zeros, in the place of four; reads nothing beyond.
AIEDGE_INLINE v128_t aiedge_spread_rest(const int8_t *x, int32_t count) {
  const int16_t a = x[0], b = count > 1 ? x[1] : 0, c = count > 2 ? x[2] : 0;
  return wasm_i16x8_make(a, b, c, 0, a, b, c, 0);
}

AIEDGE_INLINE v128_t aiedge_multiply_add_4(v128_t sums, v128_t a, v128_t b) {
  return wasm_i32x4_add(sums, wasm_i32x4_dot_i16x8(a, b));
}

// The sums of filter 0 and of filter 1, each in two places: [0 1 0 1].
AIEDGE_INLINE v128_t aiedge_add_neighbours(v128_t sums) {
  return wasm_i32x4_add(wasm_i32x4_shuffle(sums, sums, 0, 2, 0, 2),
                        wasm_i32x4_shuffle(sums, sums, 1, 3, 1, 3));
}

AIEDGE_INLINE const int8_t *aiedge_dot_2x2(const int8_t *x0, const int8_t *x1, const int8_t *w, int32_t count,
                                           aiedge_sums *s) {
  v128_t a = wasm_i32x4_const_splat(0), b = a;
  for (; count >= 8; count -= 8, x0 += 8, x1 += 8, w += 16) {
    const v128_t weights = wasm_v128_load(w);
    const v128_t low = wasm_i16x8_extend_low_i8x16(weights), high = wasm_i16x8_extend_high_i8x16(weights);
    a = aiedge_multiply_add_4(a, aiedge_spread_4(x0), low);
    b = aiedge_multiply_add_4(b, aiedge_spread_4(x1), low);
    a = aiedge_multiply_add_4(a, aiedge_spread_4(x0 + 4), high);
    b = aiedge_multiply_add_4(b, aiedge_spread_4(x1 + 4), high);
  }
  for (; count > 0; count -= 4, x0 += 4, x1 += 4, w += 8) {
    const v128_t weights = wasm_i16x8_load8x8(w);
    a = aiedge_multiply_add_4(a, count < 4 ? aiedge_spread_rest(x0, count) : aiedge_spread_4(x0), weights);
    b = aiedge_multiply_add_4(b, count < 4 ? aiedge_spread_rest(x1, count) : aiedge_spread_4(x1), weights);
  }
  a = aiedge_add_neighbours(a), b = aiedge_add_neighbours(b);
  s->s00 += wasm_i32x4_extract_lane(a, 0);
  s->s01 += wasm_i32x4_extract_lane(a, 1);
  s->s10 += wasm_i32x4_extract_lane(b, 0);
  s->s11 += wasm_i32x4_extract_lane(b, 1);
  return w;
}

static inline const int8_t *aiedge_dot_1x2(const int8_t *x, const int8_t *w, int32_t count, aiedge_sums *s) {
  v128_t a = wasm_i32x4_const_splat(0), b = a;
  for (; count >= 8; count -= 8, x += 8, w += 16) {
    const v128_t weights = wasm_v128_load(w);
    a = aiedge_multiply_add_4(a, aiedge_spread_4(x), wasm_i16x8_extend_low_i8x16(weights));
    b = aiedge_multiply_add_4(b, aiedge_spread_4(x + 4), wasm_i16x8_extend_high_i8x16(weights));
  }
  for (; count > 0; count -= 4, x += 4, w += 8) {
    a = aiedge_multiply_add_4(a, count < 4 ? aiedge_spread_rest(x, count) : aiedge_spread_4(x),
                              wasm_i16x8_load8x8(w));
  }
  a = aiedge_add_neighbours(wasm_i32x4_add(a, b));
  s->s00 += wasm_i32x4_extract_lane(a, 0);
  s->s01 += wasm_i32x4_extract_lane(a, 1);
  return w;
}

#endif
