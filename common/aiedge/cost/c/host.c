// Times a generated network on this computer. See harness.c for bench.h, `plain` and `stepped`.
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "bench.h"

static _Alignas(64) uint8_t arena[ARENA_BYTES + 16];
static int32_t steps[STEPS];
static int64_t times[STEPS];
static int count;

static int64_t now(void) {  // nanoseconds
  struct timespec time;
  timespec_get(&time, TIME_UTC);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void aiedge_step(int32_t index);
void aiedge_step(int32_t index) {
  steps[count] = index;
  times[count++] = now();
}

// Gives the network's state its first values, where it keeps any.
int reset(void);
int reset(void) {
#if STATE_BYTES
  return plain_reset(arena);
#else
  return 0;
#endif
}

// Nanoseconds that `loops` inferences took together; negative where the network returned an error.
double time_plain(const uint8_t *input, uint8_t *output, int32_t loops);
double time_plain(const uint8_t *input, uint8_t *output, int32_t loops) {
  int status = 0;
  int64_t start = now();
  for (int32_t i = 0; i < loops; i++) {
    status |= INVOKE(plain, input, output);
  }
  return status ? -1 : (double)(now() - start);
}

// One inference with a time at each step, after an empty pair of steps. Returns the number of steps.
int32_t time_stepped(const uint8_t *input, uint8_t *output, int32_t *index, double *time);
int32_t time_stepped(const uint8_t *input, uint8_t *output, int32_t *index, double *time) {
  count = 0;
  aiedge_step(-1);
  aiedge_step(-1);
  INVOKE(stepped, input, output);
  for (int i = 0; i < count; i++) {
    index[i] = steps[i];
    time[i] = (double)(times[i] - times[0]);
  }
  return count;
}
