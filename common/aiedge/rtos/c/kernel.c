#include "kernel.h"

#define ICSR (*(volatile uint32_t *)0xE000ED04)
#define SHPR3 (*(volatile uint32_t *)0xE000ED20)
enum { PENDSVSET = 1 << 28, ABOVE_REGISTERS = 5 };

typedef struct {
  uint32_t *sp;  // while it does not run
  volatile uint32_t ready, notified;
} task;

static task tasks[KERNEL_TASKS] = {{0, 1, 0}};
static task *volatile running = tasks;
static uint32_t registers_of_0[32];

static void ended(void) {
  for (;;) kernel_wait();
}

void kernel_task(int number, void (*run)(void), uint32_t *stack, uint32_t words) {
  uint32_t *sp = stack + (words & ~1u);  // what an exception would have saved: xPSR, PC, LR, R12, R3 to R0
  *--sp = 0x01000000;
  *--sp = (uint32_t)run & ~1u;
  *--sp = (uint32_t)ended;
  sp -= ABOVE_REGISTERS;
  *--sp = 0xFFFFFFFD;  // back to a task without floating-point registers
  tasks[number] = (task){sp - 8, 1, 0};
}

// Called by the switch, in which nothing interrupts it.
__attribute__((used)) static uint32_t *next(uint32_t *sp) {
  running->sp = sp;
  task *best = tasks + KERNEL_TASKS - 1;
  while (!best->ready) --best;
  running = best;
  return best->sp;
}

// The switch: it saves what an exception does not, R4 to R11 and LR, and S16 to S31 where the task has used
// them.
__attribute__((naked)) void PendSV_Handler(void) {
  __asm volatile(
      "cpsid i\n mrs r0, psp\n tst lr, #0x10\n it eq\n vstmdbeq r0!, {s16-s31}\n stmdb r0!, {r4-r11, lr}\n "
      "bl next\n"
      "ldmia r0!, {r4-r11, lr}\n tst lr, #0x10\n it eq\n vldmiaeq r0!, {s16-s31}\n msr psp, r0\n cpsie i\n "
      "bx lr");
}

void kernel_start(void) {
  SHPR3 |= 0x00FF0000;  // the switch waits for all interrupts
  __asm volatile("msr psp, %0" ::"r"(registers_of_0 + 32));
  ICSR = PENDSVSET;
  __asm volatile("cpsie i\n isb" ::: "memory");
  for (;;) __asm volatile("");
}

void kernel_wait(void) {
  __asm volatile("cpsid i" ::: "memory");
  if (running->notified) {
    running->notified = 0;
  } else {
    running->ready = 0;  // who wakes it sets this alone: there is nothing to clear when it goes on
    ICSR = PENDSVSET;
  }
  __asm volatile("cpsie i\n isb" ::: "memory");  // the switch comes here
}

void kernel_notify(int number) {
  uint32_t masked;
  __asm volatile("mrs %0, primask\n cpsid i" : "=r"(masked)::"memory");
  if (tasks[number].ready) {
    tasks[number].notified = 1;
  } else {
    tasks[number].ready = 1;
    ICSR = PENDSVSET;
  }
  __asm volatile("msr primask, %0" ::"r"(masked) : "memory");
}
