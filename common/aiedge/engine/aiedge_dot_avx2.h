// aiedge_dot.h on x86-64 with AVX2, for one run: what FULLY_CONNECTED needs.
#ifndef AIEDGE_DOT_AVX2_H
#define AIEDGE_DOT_AVX2_H

#include "aiedge_tile_avx2.h"

static inline const int8_t *aiedge_dot_1x2(const int8_t *x, const int8_t *w, int32_t count, aiedge_sums *s) {
  __m256i first = _mm256_setzero_si256(), second = first;
  for (; count >= 16; count -= 16, x += 16, w += 32) {
    const __m128i values = aiedge_load_16(x);
    first = aiedge_multiply_add_8(first, aiedge_spread_8(values), _mm256_cvtepi8_epi16(aiedge_load_16(w)));
    second = aiedge_multiply_add_8(second, aiedge_spread_8(_mm_unpackhi_epi64(values, values)),
                                   _mm256_cvtepi8_epi16(aiedge_load_16(w + 16)));
  }
  if (count >= 8) {
    first = aiedge_multiply_add_8(first, aiedge_spread_8(aiedge_load_8(x)),
                                  _mm256_cvtepi8_epi16(aiedge_load_16(w)));
    count -= 8, x += 8, w += 16;
  }
  if (count > 0) {
    const __m128i weights = count > 4 ? aiedge_load_16(w) : aiedge_load_8(w);
    second = aiedge_multiply_add_8(second, aiedge_spread_8(aiedge_load_rest(x, count)),
                                   _mm256_cvtepi8_epi16(weights));
    w += (count + 3) / 4 * 8;
  }
  const __m256i sums = _mm256_add_epi32(first, second);
  const __m128i halves = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  const __m128i pair = _mm_hadd_epi32(halves, halves);
  s->s00 += _mm_cvtsi128_si32(pair);
  s->s01 += _mm_extract_epi32(pair, 1);
  return w;
}

#endif
