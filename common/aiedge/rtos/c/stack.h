// How much of a stack was ever used: what still has its mark was not.
#ifndef AIEDGE_STACK_H_
#define AIEDGE_STACK_H_

#include <stdint.h>

enum { STACK_MARK = 0x5AFE5AFE };

static inline void stack_mark(uint32_t *stack, uint32_t words) {
  for (uint32_t i = 0; i < words; ++i) stack[i] = STACK_MARK;
}

static inline uint32_t stack_used(const uint32_t *stack, uint32_t words) {
  uint32_t free = 0;
  while (free < words && stack[free] == STACK_MARK) ++free;
  return 4 * (words - free);
}

#endif  // AIEDGE_STACK_H_
