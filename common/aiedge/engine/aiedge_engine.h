// What all kernels share: the status codes of generated code, and the attribute of a kernel.
//
// A kernel is one function that is never inlined, so that a network with twenty layers of a kind holds its
// code once; the shapes and constants of each layer come in a const struct. Kernels allocate nothing, keep
// nothing, and trust the struct: the code generator has checked it.
#ifndef AIEDGE_ENGINE_H
#define AIEDGE_ENGINE_H

#include <stddef.h>
#include <stdint.h>

enum {
  AIEDGE_OK = 0,
  AIEDGE_NULL_POINTER = 1,     // input, output or arena is missing
  AIEDGE_UNALIGNED_ARENA = 2,  // the arena does not start at a multiple of NAME_ARENA_ALIGNMENT
  AIEDGE_MORE_ROWS = 3,        // no error: NAME_push_row() waits for the next row
  AIEDGE_NO_ROW_DUE = 4,       // NAME_push_row() has all rows, or NAME_begin() was not called
  AIEDGE_NO_WEIGHTS = 5        // NAME_load_weights() was not called, or has refused them
};

// Cortex-M with DSP instructions has kernels of its own. Without optimization the compiler keeps registers
// that they need.
#if defined(__ARM_FEATURE_DSP) && defined(__OPTIMIZE__) && !defined(AIEDGE_REFERENCE)
#define AIEDGE_DSP
#endif

// x86 with AVX2, too: in files of their own, *_avx2.h.
#if defined(__AVX2__) && !defined(AIEDGE_REFERENCE)
#define AIEDGE_AVX2
#endif

// Xtensa loads bytes without their sign. There the kernels take inputs and weights as x + 128, 0 ... 255, and
// what that adds to the sums is taken off the biases: AIEDGE_FOLD() has the bias and the sum of the filter's
// weights.
#if defined(__XTENSA__) && !defined(AIEDGE_REFERENCE)
#define AIEDGE_OFFSET
// With 16 registers, scheduling before they are given out ends in spills.
#pragma GCC optimize("no-schedule-insns")
#define AIEDGE_FOLD(bias, weights) \
  ((int32_t)((uint32_t)(bias) - 128u * (uint32_t)(weights)))  // modulo 2^32, as the sums
#else
#define AIEDGE_FOLD(bias, weights) (bias)
#endif

#define AIEDGE_INLINE static inline __attribute__((always_inline))
#define AIEDGE_KERNEL static __attribute__((noinline, unused))

#endif
