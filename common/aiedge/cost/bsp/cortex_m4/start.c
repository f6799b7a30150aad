/* Start-up code of the MPS2 board: vectors, memory, floating-point unit, static objects, main(). */
#include <stdint.h>

extern uint32_t stack_top, data_load, data_start, data_end, bss_start, bss_end;
extern void (*init_array_start[])(void), (*init_array_end[])(void);

int main(void);

/* Ends the emulation with an error: a fault would otherwise look like an endless loop. */
static void fault(void) {
  uint32_t block[2] = {0x20023, 1}; /* run-time error, exit status 1 */
  register uint32_t r0 __asm("r0") = 0x20;
  register uint32_t *r1 __asm("r1") = block;
  __asm volatile("bkpt 0xab" : : "r"(r0), "r"(r1) : "memory");
  for (;;) {
  }
}

void reset(void) {
  *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20; /* the floating-point unit is off after a reset */
  __asm volatile("dsb\n isb");
  for (uint32_t *from = &data_load, *to = &data_start; to < &data_end;) *to++ = *from++;
  for (uint32_t *to = &bss_start; to < &bss_end;) *to++ = 0;
  for (void (**init)(void) = init_array_start; init < init_array_end; init++) (*init)();
  main();
  fault(); /* main() ends the emulation itself */
}

/* What C++ calls when a pure virtual function is called. */
void __cxa_pure_virtual(void) { fault(); }

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))&stack_top, reset, fault, fault, fault, fault, fault};
