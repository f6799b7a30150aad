// The two tasks of main.cpp, on any kernel: tasks_kernel.c, tasks_freertos.c.
#ifndef AIEDGE_TASKS_H_
#define AIEDGE_TASKS_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { NETWORK_STACK_BYTES = 2048, SAMPLER_STACK_BYTES = 512 };

// Runs `network`, and over it `sampler`, which neither returns. What called it may go on, and has to wait
// then.
void tasks_start(void (*network)(void), void (*sampler)(void));

// Returns when the sampler, which calls it, is notified.
void sampler_wait(void);

// Wakes the sampler; from an interrupt.
void sampler_notify(void);

// Bytes of both tasks' stacks that were ever used.
uint32_t tasks_stack_used(void);

#ifdef __cplusplus
}
#endif

#endif  // AIEDGE_TASKS_H_
