// The serial line of the firmware as a program: the standard output, or a line that use_line() sets.
#include "uart.h"

#include <stdio.h>

#include "line.h"

namespace aiedge {
namespace {

Line *line = nullptr;

}  // namespace

void use_line(Line *new_line) { line = new_line; }

const char *target_name() { return "this computer"; }

bool uart_listens() { return line != nullptr; }

int uart_read(uint32_t timeout_ms) { return line == nullptr ? -1 : line->read(timeout_ms); }

void uart_write(const void *data, size_t count) {
  if (line != nullptr) {
    line->write(data, count);
  } else {
    fwrite(data, 1, count, stdout);
    fflush(stdout);
  }
}

}  // namespace aiedge
