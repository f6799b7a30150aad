// What main.cpp needs of a board: board_cortex_m4.c for the emulated one, board_esp32.c.
#ifndef AIEDGE_BOARD_H_
#define AIEDGE_BOARD_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Of board_now(), which starts again at 0 after 2^32 of them.
#ifdef ESP_PLATFORM
enum { TICKS_PER_US = 1 };
#else
enum { TICKS_PER_US = 25 };
#endif

uint32_t board_now(void);

// Lets the sensor offer a sample every `us` microseconds from now on: board_sample_due() is called by its
// interrupt.
void board_begin_sampling(uint32_t us);

// Shows a text; on the emulated board the last thing that happens.
void board_finish(const char *text);

// Bytes of the stack of main() that were ever used, where that is known.
uint32_t board_stack_used(void);

// main.cpp: what is to be done when a sample is there.
void board_sample_due(void);

#ifdef __cplusplus
}
#endif

#endif  // AIEDGE_BOARD_H_
