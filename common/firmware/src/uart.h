// The serial line: one file per target implements it. It opens itself at its first use.
#ifndef AIEDGE_UART_H_
#define AIEDGE_UART_H_

#include <stddef.h>
#include <stdint.h>

namespace aiedge {

// Names the machine that runs this: "ESP32", "emulated Cortex-M4", "this computer".
const char *target_name();

// Tells whether somebody may send bytes: always on a board, on request in a program or an emulator.
bool uart_listens();

// Waits for bytes and takes those that have come, at most `count`; 0 when none came within the time-out.
size_t uart_read(void *data, size_t count, uint32_t timeout_ms);

void uart_write(const void *data, size_t count);

// Returns how many bytes the driver keeps while nobody reads; 0 where they are lost.
size_t uart_buffer_bytes();

// Changes the speed of the line, 115200 baud at the start, after what was written has gone out. False, and
// no change, where the hardware has no such speed.
bool uart_set_baud(uint32_t baud);

// Returns the highest speed for uart_set_baud().
uint32_t uart_max_baud();

}  // namespace aiedge

#endif  // AIEDGE_UART_H_
