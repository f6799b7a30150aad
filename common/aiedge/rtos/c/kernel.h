// A preemptive kernel for one Cortex-M core, to be read in one sitting: no heap, no ticks, no queues.
//
// Each task has a priority of its own, its number; the largest that is ready runs. Task 0 is what called
// kernel_start(), and idles. A task waits until an interrupt or another task notifies it.
#ifndef AIEDGE_KERNEL_H_
#define AIEDGE_KERNEL_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { KERNEL_TASKS = 3 };

// Makes task `number`, from 1 on, which runs `run` on `words` words of stack; before kernel_start() only.
void kernel_task(int number, void (*run)(void), uint32_t *stack, uint32_t words);

// Lets the tasks run, and never returns.
void kernel_start(void);

// Returns when the calling task is notified, or was since kernel_wait() returned last.
void kernel_wait(void);

// Wakes a task; from an interrupt of any priority, or from a task.
void kernel_notify(int number);

#ifdef __cplusplus
}
#endif

#endif  // AIEDGE_KERNEL_H_
