// Does kernel_wait() lose a notification? A task is notified, sets a timer that notifies it again a few
// instructions later, and waits twice. Whatever instruction the timer interrupts, the task must go on: but
// where the first notification was still there, with which the second is one. KERNEL_C is the kernel's
// source.
#include KERNEL_C

#include "board.h"

#define TIMER ((volatile uint32_t *)0x40000000)  // control, value, reload, clear
enum { WAITER = 2, WATCHDOG = 1, DELAYS = 80, SHIFTS = 4, PATIENCE = 400 };

static volatile uint32_t fired, merged, woken, rounds, lost, merges;
static uint32_t stacks[2][128] __attribute__((aligned(8)));

void board_sample_due(void) {
  TIMER[0] = 0;
  merged = tasks[WAITER].notified;
  fired = 1;
  kernel_notify(WAITER);
}

static void waiter(void) {
  TIMER[2] = 0;
  *(volatile uint32_t *)0xE000E100 = 1u << 8;
  for (uint32_t delay = 1; delay < DELAYS; ++delay) {
    for (uint32_t shift = 0; shift < SHIFTS; ++shift) {
      fired = merged = 0;
      kernel_notify(WAITER);
      TIMER[1] = delay;
      TIMER[0] = 9;
      for (uint32_t i = 0; i < shift; ++i) __asm volatile("nop");
      kernel_wait();
      kernel_wait();
      ++woken;
      ++rounds;
      tasks[WAITER].notified = 0;
    }
  }
  static char text[] = "lost 000 merged 000\n";
  for (uint32_t i = 0; i < 3; ++i) {
    const uint32_t power = i == 0 ? 100 : i == 1 ? 10 : 1;
    text[5 + i] = (char)('0' + lost / power % 10);
    text[16 + i] = (char)('0' + merges / power % 10);
  }
  board_finish(text);
}

// Runs while the other waits: where that goes on although the interrupt came, the notification was lost.
static void watchdog(void) {
  for (;;) {
    const uint32_t before = woken;
    for (volatile uint32_t i = 0; i < PATIENCE; ++i) {
    }
    if (!fired || woken != before) continue;
    if (merged) {
      ++merges;
    } else {
      ++lost;
    }
    kernel_notify(WAITER);
  }
}

int main(void) {
  kernel_task(WAITER, waiter, stacks[0], 128);
  kernel_task(WATCHDOG, watchdog, stacks[1], 128);
  kernel_start();
}
