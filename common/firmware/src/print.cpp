#include "print.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "serial_protocol.h"
#include "uart.h"

namespace aiedge {
namespace {

bool in_line = false;
char text_said[kMostText];
size_t bytes_said = 0;

}  // namespace

void print(const char *format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);

  const size_t length = strlen(text);
  if (length == 0) return;
  const size_t left = sizeof(text_said) - bytes_said;
  const size_t kept = length < left ? length : left;
  memcpy(text_said + bytes_said, text, kept);
  bytes_said += kept;
  uart_write(text, length);
  in_line = text[length - 1] != '\n';
}

void end_line() {
  if (!in_line) return;
  in_line = false;
  uart_write("\n", 1);
}

const char *said() { return text_said; }
size_t said_bytes() { return bytes_said; }
void forget_said() { bytes_said = 0; }

}  // namespace aiedge
