// The tasks on kernel.c.
#include "kernel.h"
#include "stack.h"
#include "tasks.h"

enum { NETWORK = 1, SAMPLER = 2 };

static uint32_t network_stack[NETWORK_STACK_BYTES / 4] __attribute__((aligned(8)));
static uint32_t sampler_stack[SAMPLER_STACK_BYTES / 4] __attribute__((aligned(8)));

void tasks_start(void (*network)(void), void (*sampler)(void)) {
  stack_mark(network_stack, NETWORK_STACK_BYTES / 4);
  stack_mark(sampler_stack, SAMPLER_STACK_BYTES / 4);
  kernel_task(NETWORK, network, network_stack, NETWORK_STACK_BYTES / 4);
  kernel_task(SAMPLER, sampler, sampler_stack, SAMPLER_STACK_BYTES / 4);
  kernel_start();
}

void sampler_wait(void) { kernel_wait(); }

void sampler_notify(void) { kernel_notify(SAMPLER); }

uint32_t tasks_stack_used(void) {
  return stack_used(network_stack, NETWORK_STACK_BYTES / 4) +
         stack_used(sampler_stack, SAMPLER_STACK_BYTES / 4);
}
