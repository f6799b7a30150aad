// The serial line of the firmware as a program: the standard output, or a line that use_line() sets.
#include "uart.h"

#include <stdio.h>

#include "line.h"

namespace aiedge {
namespace {

constexpr size_t kBufferBytes = 32768;  // pseudo-terminals and sockets keep more
constexpr uint32_t kMaxBaud = 5000000;  // the ESP32's

Line *line = nullptr;

}  // namespace

void use_line(Line *new_line) { line = new_line; }

const char *target_name() { return "this computer"; }

bool uart_listens() { return line != nullptr; }

size_t uart_read(void *data, size_t count, uint32_t timeout_ms) {
  return line == nullptr ? 0 : line->read(data, count, timeout_ms);
}

void uart_write(const void *data, size_t count) {
  if (line != nullptr) {
    line->write(data, count);
  } else {
    fwrite(data, 1, count, stdout);
    fflush(stdout);
  }
}

size_t uart_buffer_bytes() { return kBufferBytes; }

// This line carries bytes as fast as it can; a speed is what the other end agrees on.
bool uart_set_baud(uint32_t baud) { return baud > 0 && baud <= kMaxBaud; }

uint32_t uart_max_baud() { return kMaxBaud; }

}  // namespace aiedge
