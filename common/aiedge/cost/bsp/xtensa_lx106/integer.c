// Division and 64-bit multiplication, which Debian's libgcc for the LX106 lacks (the chip's ROM holds them).
//
// The names are those that GCC calls. The LX106 multiplies 32 by 32 bits to 32. The ESP32's core has
// instructions for both.
#include <stdint.h>
#if __has_include(<xtensa/config/core-isa.h>)
#include <xtensa/config/core-isa.h>
#endif

uint32_t __udivsi3(uint32_t a, uint32_t b);
uint32_t __umodsi3(uint32_t a, uint32_t b);
int32_t __divsi3(int32_t a, int32_t b);
int64_t __muldi3(int64_t a, int64_t b);
uint64_t __udivdi3(uint64_t a, uint64_t b);
uint64_t __umoddi3(uint64_t a, uint64_t b);
int64_t __divdi3(int64_t a, int64_t b);

#if !XCHAL_HAVE_DIV32 || !XCHAL_HAVE_MUL32_HIGH
uint32_t __udivsi3(uint32_t a, uint32_t b) {
  uint32_t quotient = 0, rest = 0;
  for (int bit = 31; bit >= 0; bit--) {
    rest = rest << 1 | (a >> bit & 1);
    if (rest >= b) {
      rest -= b;
      quotient |= UINT32_C(1) << bit;
    }
  }
  return quotient;
}

uint32_t __umodsi3(uint32_t a, uint32_t b) { return a - __udivsi3(a, b) * b; }

int32_t __divsi3(int32_t a, int32_t b) {
  uint32_t quotient = __udivsi3(a < 0 ? -(uint32_t)a : (uint32_t)a, b < 0 ? -(uint32_t)b : (uint32_t)b);
  return (int32_t)((a < 0) == (b < 0) ? quotient : -quotient);
}

int64_t __muldi3(int64_t a, int64_t b) {
  uint32_t a_low = (uint32_t)a, b_low = (uint32_t)b;
  uint32_t a0 = a_low & 0xffff, a1 = a_low >> 16, b0 = b_low & 0xffff, b1 = b_low >> 16;
  uint32_t low = a0 * b0, middle0 = a0 * b1, middle1 = a1 * b0;
  uint32_t carries = (low >> 16) + (middle0 & 0xffff) + (middle1 & 0xffff);
  uint32_t high = a1 * b1 + (middle0 >> 16) + (middle1 >> 16) + (carries >> 16);
  high += (uint32_t)((uint64_t)a >> 32) * b_low + a_low * (uint32_t)((uint64_t)b >> 32);
  return (int64_t)((uint64_t)high << 32 | a_low * b_low);
}
#endif

static uint64_t divide(uint64_t a, uint64_t b, uint64_t *rest) {
  uint64_t quotient = 0;
  *rest = 0;
  for (int bit = 63; bit >= 0; bit--) {
    *rest = *rest << 1 | (a >> bit & 1);
    quotient <<= 1;
    if (*rest >= b) {
      *rest -= b;
      quotient |= 1;
    }
  }
  return quotient;
}

uint64_t __udivdi3(uint64_t a, uint64_t b) {
  uint64_t rest;
  return divide(a, b, &rest);
}

uint64_t __umoddi3(uint64_t a, uint64_t b) {
  uint64_t rest;
  divide(a, b, &rest);
  return rest;
}

int64_t __divdi3(int64_t a, int64_t b) {
  uint64_t quotient = __udivdi3(a < 0 ? -(uint64_t)a : (uint64_t)a, b < 0 ? -(uint64_t)b : (uint64_t)b);
  return (int64_t)((a < 0) == (b < 0) ? quotient : -quotient);
}
