#include "print.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "uart.h"

namespace aiedge {
namespace {

bool in_line = false;

}  // namespace

void print(const char *format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);

  const size_t length = strlen(text);
  if (length == 0) return;
  uart_write(text, length);
  in_line = text[length - 1] != '\n';
}

void end_line() {
  if (in_line) print("\n");
}

}  // namespace aiedge
