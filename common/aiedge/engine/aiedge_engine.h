// What all kernels share: the attribute of a kernel, and which core it is for.
//
// A kernel is one function that is never inlined, so that a network with twenty layers of a kind holds its
// code once; the shapes and constants of each layer come in a const struct. Kernels allocate nothing, keep
// nothing, and trust the struct: the code generator has checked it.
#ifndef AIEDGE_ENGINE_H
#define AIEDGE_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "aiedge_status.h"

// Cortex-M with DSP instructions has kernels of its own. Without optimization the compiler keeps registers
// that they need; Clang does so in any case.
#if defined(__ARM_FEATURE_DSP) && defined(__OPTIMIZE__) && !defined(__clang__) && !defined(AIEDGE_REFERENCE)
#define AIEDGE_DSP
#endif

// x86 with AVX2, too: in files of their own, *_avx2.h.
#if defined(__AVX2__) && !defined(AIEDGE_REFERENCE)
#define AIEDGE_AVX2
#endif

// And WebAssembly with SIMD: *_wasm.h.
#if defined(__wasm_simd128__) && !defined(AIEDGE_REFERENCE)
#define AIEDGE_WASM
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

// With AIEDGE_IRAM the kernels lie in the ESP32's own RAM for code, and the layers' structs and small tables
// in that for data, in place of the flash behind its cache: ESP-IDF's linker collects these sections. They
// are two, since the ESP32 reads nothing but whole words from its RAM for code.
#if defined(AIEDGE_IRAM) && defined(__XTENSA__)
#define AIEDGE_HOT __attribute__((section(".iram1.aiedge")))
#define AIEDGE_TABLE __attribute__((section(".dram1.aiedge")))
#else
#define AIEDGE_HOT
#define AIEDGE_TABLE
#endif

// A function that is all assembly. Nothing may be concluded from the C of it: that it uses no argument, reads
// nothing, or leaves registers alone.
#if defined(__GNUC__) && __GNUC__ >= 8
#define AIEDGE_ASSEMBLY static __attribute__((naked, noipa, unused))
#else
#define AIEDGE_ASSEMBLY static __attribute__((naked, noinline, noclone, unused))
#endif
#define AIEDGE_CLOBBERED "r0", "r1", "r2", "r3", "r12", "cc", "memory"

#define AIEDGE_INLINE static inline __attribute__((always_inline))
#define AIEDGE_KERNEL static __attribute__((noinline, unused)) AIEDGE_HOT

#endif
