// The emulated Cortex-M: semihosting of the Arm architecture.
#include "machine.h"

static uintptr_t semihosting(uintptr_t operation, const void *block) {
  register uintptr_t r0 __asm("r0") = operation;
  register const void *r1 __asm("r1") = block;
  __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void machine_write(const void *data, uint32_t bytes) {
  static uintptr_t console;
  if (!console) {
    console = semihosting(0x01, (uintptr_t[]){(uintptr_t)":tt", 4, 3});  // open to write
  }
  semihosting(0x05, (uintptr_t[]){console, (uintptr_t)data, bytes});
}

_Noreturn void machine_exit(int status) {
  for (;;) {
    semihosting(0x20, (uintptr_t[]){0x20026, (uintptr_t)status});
  }
}
