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

// Returns the next byte, or -1 when none came within the time-out.
int uart_read(uint32_t timeout_ms);

void uart_write(const void *data, size_t count);

}  // namespace aiedge

#endif  // AIEDGE_UART_H_
