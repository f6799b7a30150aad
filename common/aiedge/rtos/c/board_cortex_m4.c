// The emulated MPS2 board: vectors, memory, two timers, a way to say what was measured.
#include "board.h"
#include "stack.h"

// CMSDK timers at 25 MHz: the first is the sensor's clock, the second counts down and tells the time.
typedef struct {
  volatile uint32_t ctrl, value, reload, clear;
} timer;
#define SENSOR ((timer *)0x40000000)
#define CLOCK ((timer *)0x40001000)
enum { ENABLED = 1, INTERRUPTS = 8, SENSOR_IRQ = 8 };
#define NVIC_ISER (*(volatile uint32_t *)0xE000E100)
#define NVIC_IPR ((volatile uint8_t *)0xE000E400)
#define CPACR (*(volatile uint32_t *)0xE000ED88)

extern uint32_t data_load, data_start, data_end, bss_start, bss_end;
int main(void);

static uint32_t stack[512] __attribute__((aligned(8), section(".stack")));

// Ends the emulation with an error: a fault would otherwise look like an endless loop.
static void fault(void) {
  uint32_t block[2] = {0x20023, 1};
  register uint32_t r0 __asm("r0") = 0x20;
  register uint32_t *r1 __asm("r1") = block;
  __asm volatile("bkpt 0xab" ::"r"(r0), "r"(r1) : "memory");
  for (;;) {
  }
}

void SVC_Handler(void) __attribute__((weak, alias("fault")));
void PendSV_Handler(void) __attribute__((weak, alias("fault")));
void SysTick_Handler(void) __attribute__((weak, alias("fault")));

static void on_timer(void) {
  SENSOR->clear = 1;
  board_sample_due();
}

static void reset(void) {
  for (uint32_t *from = &data_load, *to = &data_start; to < &data_end;) *to++ = *from++;
  for (uint32_t *to = &bss_start; to < &bss_end;) *to++ = 0;
  CPACR |= 0xFu << 20;  // the floating-point unit
  __asm volatile("dsb\n isb");
  CLOCK->reload = CLOCK->value = 0xFFFFFFFFu;
  CLOCK->ctrl = ENABLED;
  main();
  fault();
}

static void begin(void) {
  uint32_t *here;
  __asm volatile("mov %0, sp" : "=r"(here));
  stack_mark(stack, (uint32_t)(here - stack) - 16);
  reset();
}

uint32_t board_now(void) { return 0xFFFFFFFFu - CLOCK->value; }

void board_begin_sampling(uint32_t us) {
  NVIC_IPR[SENSOR_IRQ] = 0xC0;
  NVIC_ISER = 1u << SENSOR_IRQ;
  SENSOR->reload = SENSOR->value = us * TICKS_PER_US - 1;
  SENSOR->ctrl = ENABLED | INTERRUPTS;
}

void board_finish(const char *text) {
  for (int operation = 4; operation >= 0; operation -= 4) {  // SYS_WRITE0, then SYS_EXIT
    register int r0 __asm("r0") = operation ? operation : 0x18;
    register const char *r1 __asm("r1") = operation ? text : (const char *)0x20026;
    __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  }
}

uint32_t board_stack_used(void) { return stack_used(stack, sizeof stack / 4); }

__attribute__((section(".vectors"), used)) static void (*const vectors[32])(void) = {
    [0] = (void (*)(void))(stack + 512),
    [1] = begin,
    [2 ... 10] = fault,
    [11] = SVC_Handler,
    [12 ... 13] = fault,
    [14] = PendSV_Handler,
    [15] = SysTick_Handler,
    [16 ... 15 + SENSOR_IRQ] = fault,
    [16 + SENSOR_IRQ] = on_timer,
    [17 + SENSOR_IRQ... 31] = fault,
};
