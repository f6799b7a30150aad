// The inner loop of aiedge_depthwise_conv_2d.h on x86-64 with AVX2: eight channels of one pixel at a time.
#ifndef AIEDGE_DEPTHWISE_CONV_2D_AVX2_H
#define AIEDGE_DEPTHWISE_CONV_2D_AVX2_H

#include "aiedge_tile_avx2.h"

// Weights of eight channels, four of which stand at w and four at `other`.
AIEDGE_INLINE __m256i aiedge_load_taps(const int16_t *w, const int16_t *other) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)w)),
                                 _mm_loadu_si128((const __m128i *)(const void *)other), 1);
}

// As many channels as are whole eights; returns how many. Depth multiplier 1.
AIEDGE_INLINE int32_t aiedge_taps_avx2(const int8_t *const *taps, const int8_t *const *end, int32_t odd,
                                       const int16_t *w, const int32_t *scale, int32_t channels,
                                       const aiedge_output *output, int8_t *y) {
  enum { STEP = AIEDGE_CHANNEL_STEP };
  const int32_t group = 4 * ((int32_t)(end - taps) + odd);  // weights of four channels
  int32_t c = 0;
  for (; c + 8 <= channels; c += 8, w += 2 * group, scale += 8 * STEP) {
    __m256i sums = _mm256_setzero_si256();
    const int8_t *const *tap = taps;
    const int16_t *u = w, *v = w + group;
    for (; tap != end; tap += 2, u += 8, v += 8) {
      const __m128i x = _mm_unpacklo_epi8(aiedge_load_8(tap[0] + c), aiedge_load_8(tap[1] + c));
      sums = aiedge_multiply_add_8(sums, _mm256_cvtepi8_epi16(x), aiedge_load_taps(u, v));
    }
    if (odd) {
      // A tap beside zeros.
      const __m128i x = _mm_unpacklo_epi8(aiedge_load_8(tap[0] + c), _mm_setzero_si128());
      const __m128i weights = _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)(const void *)u),
                                                 _mm_loadl_epi64((const __m128i *)(const void *)v));
      sums = aiedge_multiply_add_8(sums, _mm256_cvtepi8_epi16(x), _mm256_cvtepi16_epi32(weights));
    }
    const aiedge_scales_8 scales = aiedge_load_scales(scale, scale + 4 * STEP);
    const __m256i q = aiedge_finish_8(sums, &scales, output);
    const __m256i bytes = aiedge_narrow_16(_mm256_packs_epi32(q, q), output);
    const __m128i eight =
        _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
    _mm_storel_epi64((__m128i *)(void *)(y + c), eight);
  }
  return c;
}

#endif
