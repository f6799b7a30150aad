// The serial line in the browser: its other end is the page's monitor, and a program that the page lets in.
#include "uart.h"

#include "page.h"

namespace aiedge {
namespace {

constexpr size_t kBufferBytes = 32768;  // shared.js has room for more
constexpr uint32_t kMaxBaud = 5000000;  // the ESP32's

bool quiet = true;

}  // namespace

const char *target_name() { return "the browser"; }

bool uart_listens() {
  if (!waits_for_camera()) return true;
  if (page_uart_waiting() > 0) quiet = false;
  return !quiet;
}

size_t uart_read(void *data, size_t count, uint32_t timeout_ms) {
  const size_t got = page_uart_read(data, count, timeout_ms);
  quiet = got == 0;
  return got;
}

void uart_write(const void *data, size_t count) { page_uart_write(data, count); }

size_t uart_buffer_bytes() { return kBufferBytes; }

// The line carries bytes as fast as it can; a speed is what the other end agrees on.
bool uart_set_baud(uint32_t baud) { return baud > 0 && baud <= kMaxBaud; }

uint32_t uart_max_baud() { return kMaxBaud; }

}  // namespace aiedge
