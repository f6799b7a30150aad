// Four pixels by four filters at a time, and back to int8, on x86-64 with AVX2.
//
// The weights are those of aiedge_dot.h: a step of a pair of filters is four weights of the first, four of
// the second. Two steps widened to int16 fill a register, [f0 f1 | f0 f1]; eight values of a pixel are spread
// alike, [x0-3 x0-3 | x4-7 x4-7]. Multiplying and adding neighbours gives eight sums that are added up at the
// end.
#ifndef AIEDGE_TILE_AVX2_H
#define AIEDGE_TILE_AVX2_H

#include <immintrin.h>
#include <string.h>

#include "aiedge_engine.h"
#include "aiedge_requantize.h"

// Sums of four pixels: a with the first pair of filters, b with the second.
typedef struct {
  __m256i a0, a1, a2, a3, b0, b1, b2, b3;
} aiedge_tile;

// Bias, multiplier and shift of eight sums.
typedef struct {
  __m256i bias, multiplier, shift;
} aiedge_scales_8;

// sums + a * b, neighbours added.
AIEDGE_INLINE __m256i aiedge_multiply_add_8(__m256i sums, __m256i a, __m256i b) {
#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
  return _mm256_dpwssd_epi32(sums, a, b);
#else
  return _mm256_add_epi32(sums, _mm256_madd_epi16(a, b));
#endif
}

// One to seven values and zeros; reads nothing beyond.
AIEDGE_INLINE __m128i aiedge_load_rest(const int8_t *x, int32_t count) {
  uint32_t four = 0, rest = 0;
  int32_t n = count & 3;
  if (count & 4) {
    memcpy(&four, x, sizeof four);
    x += 4;
  }
  // The first, the middle and the last of one to three.
  if (n) {
    rest = (uint8_t)x[0] | (uint32_t)(uint8_t)x[n >> 1] << (8 * (n >> 1)) |
           (uint32_t)(uint8_t)x[n - 1] << (8 * (n - 1));
  }
  return count & 4 ? _mm_setr_epi32((int32_t)four, (int32_t)rest, 0, 0) : _mm_cvtsi32_si128((int32_t)rest);
}

AIEDGE_INLINE __m128i aiedge_load_8(const int8_t *x) {
  return _mm_loadl_epi64((const __m128i *)(const void *)x);
}

AIEDGE_INLINE __m128i aiedge_load_16(const int8_t *x) {
  return _mm_loadu_si128((const __m128i *)(const void *)x);
}

// Eight values of a pixel: [x0-3 x0-3 | x4-7 x4-7].
AIEDGE_INLINE __m256i aiedge_spread_8(__m128i x) {
  return _mm256_cvtepi8_epi16(_mm_shuffle_epi32(x, _MM_SHUFFLE(1, 1, 0, 0)));
}

AIEDGE_INLINE void aiedge_tile_step(__m128i x0, __m128i x1, __m128i x2, __m128i x3, __m128i a, __m128i b,
                                    aiedge_tile *t) {
  const __m256i u = _mm256_cvtepi8_epi16(a), v = _mm256_cvtepi8_epi16(b);
  const __m256i p0 = aiedge_spread_8(x0);
  t->a0 = aiedge_multiply_add_8(t->a0, p0, u);
  t->b0 = aiedge_multiply_add_8(t->b0, p0, v);
  const __m256i p1 = aiedge_spread_8(x1);
  t->a1 = aiedge_multiply_add_8(t->a1, p1, u);
  t->b1 = aiedge_multiply_add_8(t->b1, p1, v);
  const __m256i p2 = aiedge_spread_8(x2);
  t->a2 = aiedge_multiply_add_8(t->a2, p2, u);
  t->b2 = aiedge_multiply_add_8(t->b2, p2, v);
  const __m256i p3 = aiedge_spread_8(x3);
  t->a3 = aiedge_multiply_add_8(t->a3, p3, u);
  t->b3 = aiedge_multiply_add_8(t->b3, p3, v);
}

// Adds the products of four runs of `count` values with the pairs of filters at a and b.
AIEDGE_INLINE void aiedge_tile_run(const int8_t *const *x, int32_t offset, const int8_t *a, const int8_t *b,
                                   int32_t count, aiedge_tile *t) {
  const int8_t *x0 = x[0] + offset, *x1 = x[1] + offset, *x2 = x[2] + offset, *x3 = x[3] + offset;
  int32_t i = 0;
  for (; i + 8 <= count; i += 8) {
    aiedge_tile_step(aiedge_load_8(x0 + i), aiedge_load_8(x1 + i), aiedge_load_8(x2 + i),
                     aiedge_load_8(x3 + i), aiedge_load_16(a + 2 * i), aiedge_load_16(b + 2 * i), t);
  }
  const int32_t rest = count - i;
  if (rest > 0) {
    a += 2 * i;
    b += 2 * i;
    aiedge_tile_step(aiedge_load_rest(x0 + i, rest), aiedge_load_rest(x1 + i, rest),
                     aiedge_load_rest(x2 + i, rest), aiedge_load_rest(x3 + i, rest),
                     rest > 4 ? aiedge_load_16(a) : aiedge_load_8(a),
                     rest > 4 ? aiedge_load_16(b) : aiedge_load_8(b), t);
  }
}

// Scales of eight channels, whose three numbers stand in rows of four channels each.
AIEDGE_INLINE aiedge_scales_8 aiedge_load_scales(const int32_t *low, const int32_t *high) {
  const __m128i *const l = (const __m128i *)(const void *)low, *const h = (const __m128i *)(const void *)high;
  // b0 m0 s0 b1 | m1 s1 b2 m2 | s2 b3 m3 s3
  const __m256i p =
      _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(l)), _mm_loadu_si128(h), 1);
  const __m256i q =
      _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(l + 1)), _mm_loadu_si128(h + 1), 1);
  const __m256i r =
      _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(l + 2)), _mm_loadu_si128(h + 2), 1);
  const __m256i bias = _mm256_blend_epi32(_mm256_blend_epi32(p, q, 0x44), r, 0x22);        // b0 b3 b2 b1
  const __m256i multiplier = _mm256_blend_epi32(_mm256_blend_epi32(q, p, 0x22), r, 0x44);  // m1 m0 m3 m2
  const __m256i shift = _mm256_blend_epi32(_mm256_blend_epi32(r, q, 0x22), p, 0x44);       // s2 s1 s0 s3
  aiedge_scales_8 scales;
  scales.bias = _mm256_shuffle_epi32(bias, _MM_SHUFFLE(1, 2, 3, 0));
  scales.multiplier = _mm256_shuffle_epi32(multiplier, _MM_SHUFFLE(2, 3, 0, 1));
  scales.shift = _mm256_shuffle_epi32(shift, _MM_SHUFFLE(3, 0, 1, 2));
  return scales;
}

// (x * multiplier + 2^30) / 2^31, rounded down.
AIEDGE_INLINE __m256i aiedge_high_multiply_8(__m256i x, __m256i multiplier) {
  const __m256i half = _mm256_set1_epi64x(INT64_C(1) << 30);
  const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(x, multiplier), half);
  const __m256i odd =
      _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(multiplier, 32)), half);
  return _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xaa);
}

// Eight of aiedge_finish(), still without the clamps.
AIEDGE_INLINE __m256i aiedge_finish_8(__m256i sums, const aiedge_scales_8 *scales,
                                      const aiedge_output *output) {
  const __m256i zero = _mm256_setzero_si256(), one = _mm256_set1_epi32(1);
  const __m256i zero_point = _mm256_set1_epi32(output->zero_point);
  sums = _mm256_add_epi32(sums, scales->bias);
  if (output->plain) {
    const __m256i product = aiedge_high_multiply_8(sums, scales->multiplier);
    const __m256i half = _mm256_sllv_epi32(one, _mm256_sub_epi32(scales->shift, one));
    const __m256i moved = _mm256_add_epi32(_mm256_add_epi32(product, _mm256_srai_epi32(product, 31)), half);
    return _mm256_add_epi32(_mm256_srav_epi32(moved, scales->shift), zero_point);
  }
  // The shift of aiedge_multiply(): to the left where it is positive.
  const __m256i fast = _mm256_cmpgt_epi32(scales->shift, zero);
  const __m256i slow = _mm256_add_epi32(scales->shift, _mm256_set1_epi32(64));
  const __m256i shift = _mm256_blendv_epi8(slow, _mm256_sub_epi32(zero, scales->shift), fast);
  sums = _mm256_sllv_epi32(sums, _mm256_max_epi32(shift, zero));
  const __m256i right = _mm256_sub_epi32(zero, _mm256_min_epi32(shift, zero));
  const __m256i product = aiedge_high_multiply_8(sums, scales->multiplier);
  const __m256i mask = _mm256_sub_epi32(_mm256_sllv_epi32(one, right), one);
  const __m256i most = _mm256_sub_epi32(_mm256_srli_epi32(mask, 1), _mm256_srai_epi32(product, 31));
  const __m256i up = _mm256_cmpgt_epi32(_mm256_and_si256(product, mask), most);
  return _mm256_add_epi32(_mm256_sub_epi32(_mm256_srav_epi32(product, right), up), zero_point);
}

// Clamps int16 to the range of the fused activation, as int8, in each half by itself.
AIEDGE_INLINE __m256i aiedge_narrow_16(__m256i x, const aiedge_output *output) {
  x = _mm256_packs_epi16(x, x);
  if (output->plain) return x;
  x = _mm256_max_epi8(x, _mm256_set1_epi8((int8_t)output->low));
  return _mm256_min_epi8(x, _mm256_set1_epi8((int8_t)output->high));
}

// Adds up the eight sums of a pixel with two pairs of filters, for two pixels: [p0 | p1] by four filters.
AIEDGE_INLINE __m256i aiedge_add_up(__m256i a0, __m256i b0, __m256i a1, __m256i b1) {
  const __m256i p0 = _mm256_hadd_epi32(a0, b0), p1 = _mm256_hadd_epi32(a1, b1);
  return _mm256_add_epi32(_mm256_permute2x128_si256(p0, p1, 0x20), _mm256_permute2x128_si256(p0, p1, 0x31));
}

// The values of four filters at each of four pixels, a byte each.
AIEDGE_INLINE void aiedge_finish_tile(const aiedge_tile *t, const aiedge_scales_8 *scales,
                                      const aiedge_output *output, int32_t values[4]) {
  const __m256i q01 = aiedge_finish_8(aiedge_add_up(t->a0, t->b0, t->a1, t->b1), scales, output);
  const __m256i q23 = aiedge_finish_8(aiedge_add_up(t->a2, t->b2, t->a3, t->b3), scales, output);
  const __m256i q = aiedge_narrow_16(_mm256_packs_epi32(q01, q23), output);
  const __m128i even = _mm256_castsi256_si128(q), odd = _mm256_extracti128_si256(q, 1);
  values[0] = _mm_cvtsi128_si32(even);
  values[1] = _mm_cvtsi128_si32(odd);
  values[2] = _mm_extract_epi32(even, 1);
  values[3] = _mm_extract_epi32(odd, 1);
}

// All filters at four pixels: `runs` runs of `count` values, `row_step` apart, from each x. Stores a pixel's
// values at its y; with `pooled`, where they are larger than what is there.
AIEDGE_INLINE void aiedge_tile_filters(const int8_t *const *x, int32_t runs, int32_t count, int32_t row_step,
                                       const int8_t *w, const int32_t *scale, int32_t filters,
                                       const aiedge_output *output, int pooled, int8_t *const *y) {
  enum { STEP = AIEDGE_CHANNEL_STEP };
  const int32_t run_bytes = ((count + 3) & ~3) * 2, pair_bytes = runs * run_bytes;
  for (int32_t k = 0; k < filters; k += 4, w += 2 * pair_bytes, scale += 4 * STEP) {
    const int32_t left = filters - k;
    const __m256i zero = _mm256_setzero_si256();
    aiedge_tile t = {zero, zero, zero, zero, zero, zero, zero, zero};
    const int8_t *a = w, *b = left > 2 ? w + pair_bytes : w;
    for (int32_t r = 0; r < runs; r++, a += run_bytes, b += run_bytes) {
      aiedge_tile_run(x, r * row_step, a, b, count, &t);
    }
    int32_t values[4];
    if (left >= 4) {
      const aiedge_scales_8 scales = aiedge_load_scales(scale, scale);
      aiedge_finish_tile(&t, &scales, output, values);
    } else {
      // What the last filters leave of four is computed with any scale, and not stored.
      int32_t some[4 * STEP] = {0};
      for (int32_t i = 0; i < 4 * STEP; i++) some[i] = scale[i < left * STEP ? i : i % STEP];
      const aiedge_scales_8 scales = aiedge_load_scales(some, some);
      aiedge_finish_tile(&t, &scales, output, values);
    }
    if (left >= 4 && !pooled) {
      for (int32_t i = 0; i < 4; i++) memcpy(y[i] + k, &values[i], 4);
    } else {
      for (int32_t i = 0; i < 4; i++) {
        int8_t four[4];
        memcpy(four, &values[i], 4);
        for (int32_t j = 0; j < left && j < 4; j++) {
          if (!pooled || four[j] > y[i][k + j]) y[i][k + j] = four[j];
        }
      }
    }
  }
}

#endif
