// Runs a generated network on given inputs and writes its outputs, then how its operators ran.
//
// bench.h, generated for the model, has INVOKE(network, input, output), the sizes, and the inputs' file. The
// network is there twice: `plain`, as anybody compiles it, and `stepped`, which calls aiedge_step() before
// each operator.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bench.h"
#include "machine.h"

static _Alignas(16) uint8_t arena[ARENA_BYTES + 16];
static _Alignas(16) uint8_t outputs[OUTPUT_BYTES], again[OUTPUT_BYTES];
static int32_t steps[STEPS];
static int count;

// The inputs of all runs, one after the other, from a file.
extern const uint8_t bench_inputs[];
__asm(
    ".section .rodata\n.balign 16\n.global bench_inputs\nbench_inputs:\n.incbin \"inputs.bin\"\n.previous\n");

#if WEIGHTS_BYTES
extern const uint8_t bench_weights[];
__asm(
    ".section .rodata\n.balign 4\n.global bench_weights\nbench_weights:\n.incbin "
    "\"weights.bin\"\n.previous\n");
_Bool plain_load_weights(const void *data, size_t bytes);
_Bool stepped_load_weights(const void *data, size_t bytes);
#endif

// QEMU's plugin notes how many instructions ran whenever this function is entered.
__attribute__((noinline)) void aiedge_step(int32_t index) { steps[count++] = index; }

int main(void) {
#if WEIGHTS_BYTES
  if (!plain_load_weights(bench_weights, WEIGHTS_BYTES) ||
      !stepped_load_weights(bench_weights, WEIGHTS_BYTES)) {
    machine_exit(4);
  }
#endif
#if STATE_BYTES
  if (plain_reset(arena)) {
    machine_exit(5);
  }
#endif
  aiedge_step(-1);  // an empty pair: what a step costs
  aiedge_step(-1);
  for (int run = 0; run < RUNS; run++) {
    const uint8_t *input = bench_inputs + run * INPUT_BYTES;
    // Whatever reads what nobody wrote shows.
    memset(arena + STATE_BYTES, 0xa5, sizeof arena - STATE_BYTES);
    memset(outputs, 0xa5, sizeof outputs);
    memset(again, 0xa5, sizeof again);
    if (run == 0) {
      aiedge_step(-1);
    }
    int status = INVOKE(plain, input, outputs);
    if (run == 0) {
      aiedge_step(-1);
      memset(arena, 0xa5, sizeof arena);
#if STATE_BYTES
      status |= stepped_reset(arena);  // the same state comes out
#endif
      status |= INVOKE(stepped, input, again);
      if (memcmp(outputs, again, OUTPUT_BYTES)) {
        machine_exit(3);
      }
    }
    if (status) {
      machine_exit(2);
    }
    machine_write(outputs, OUTPUT_BYTES);
  }
  machine_write(steps, (uint32_t)count * 4);
  machine_exit(0);
}
