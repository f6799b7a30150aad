// The inner loop of aiedge_depthwise_conv_2d.h in WebAssembly with SIMD: two taps of four channels at a time.
#ifndef AIEDGE_DEPTHWISE_CONV_2D_WASM_H
#define AIEDGE_DEPTHWISE_CONV_2D_WASM_H

#include <wasm_simd128.h>

static inline const int16_t *aiedge_taps_4(const int8_t *const *taps, const int8_t *const *end, int32_t odd,
                                           int32_t c, const int16_t *w, aiedge_channel_sums *s) {
  v128_t sums = wasm_i32x4_make(s->s0, s->s1, s->s2, s->s3);
  for (; taps != end; taps += 2, w += 8) {
    const v128_t a = wasm_v128_load32_zero(taps[0] + c), b = wasm_v128_load32_zero(taps[1] + c);
    const v128_t x = wasm_i8x16_shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 0, 0, 0, 0, 0, 0, 0, 0);
    sums = wasm_i32x4_add(sums, wasm_i32x4_dot_i16x8(wasm_i16x8_extend_low_i8x16(x), wasm_v128_load(w)));
  }
  if (odd) {
    // The last tap, of four channels.
    const v128_t x =
        wasm_i32x4_extend_low_i16x8(wasm_i16x8_extend_low_i8x16(wasm_v128_load32_zero(taps[0] + c)));
    sums = wasm_i32x4_add(sums, wasm_i32x4_mul(x, wasm_i32x4_extend_low_i16x8(wasm_v128_load64_zero(w))));
    w += 4;
  }
  s->s0 = wasm_i32x4_extract_lane(sums, 0);
  s->s1 = wasm_i32x4_extract_lane(sums, 1);
  s->s2 = wasm_i32x4_extract_lane(sums, 2);
  s->s3 = wasm_i32x4_extract_lane(sums, 3);
  return w;
}

#endif
