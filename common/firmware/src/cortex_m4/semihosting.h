// Semihosting: a call from the emulated chip to the program that emulates it.
#ifndef AIEDGE_SEMIHOSTING_H_
#define AIEDGE_SEMIHOSTING_H_

#include <stdint.h>

constexpr uint32_t kGetCommandLine = 0x15;
constexpr uint32_t kExitExtended = 0x20;

// Makes one call; the meaning of the block and of the answer depends on the operation.
inline uint32_t semihosting(uint32_t operation, void *block) {
  register uint32_t r0 __asm("r0") = operation;
  register void *r1 __asm("r1") = block;
  __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

#endif  // AIEDGE_SEMIHOSTING_H_
