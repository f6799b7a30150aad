// UART 0 of the MPS2 board (Arm CMSDK), as QEMU emulates it. The emulator's command line holds
// --serve where a program listens at the other end.
#include "uart.h"

#include <string.h>

#include "clock.h"
#include "semihosting.h"
#include "serial_protocol.h"

namespace aiedge {
namespace {

struct Registers {
  uint32_t data, state, control, interrupt, divider;
};

constexpr uint32_t kTransmitFull = 1, kReceiveFull = 2;  // in state
constexpr uint32_t kTransmit = 1, kReceive = 2;          // in control

constexpr uint32_t kClock = 25000000;  // Hz
constexpr uint32_t kMinDivider = 16;

volatile Registers &uart() {
  volatile Registers &registers = *reinterpret_cast<Registers *>(0x40004000);
  if (registers.control == 0) {
    registers.divider = kClock / kBaseBaud;
    registers.control = kTransmit | kReceive;
  }
  return registers;
}

bool is_served() {
  char line[128] = "";
  struct {
    char *text;
    uint32_t length;
  } block = {line, sizeof(line)};
  return semihosting(kGetCommandLine, &block) == 0 && strstr(line, "--serve") != nullptr;
}

}  // namespace

const char *target_name() { return "an emulated Cortex-M4"; }

bool uart_listens() {
  static const bool served = is_served();
  return served;
}

size_t uart_read(void *data, size_t count, uint32_t timeout_ms) {
  uint8_t *const bytes = static_cast<uint8_t *>(data);
  const uint32_t start = clock_us();
  while (!(uart().state & kReceiveFull)) {
    if (clock_us() - start >= timeout_ms * 1000) return 0;
  }
  size_t read = 0;
  while (read < count && (uart().state & kReceiveFull)) bytes[read++] = static_cast<uint8_t>(uart().data);
  return read;
}

void uart_write(const void *data, size_t count) {
  for (size_t i = 0; i < count; i++) {
    while (uart().state & kTransmitFull) {
    }
    uart().data = static_cast<const uint8_t *>(data)[i];
  }
}

size_t uart_buffer_bytes() { return 0; }

bool uart_set_baud(uint32_t baud) {
  if (baud == 0 || baud > uart_max_baud()) return false;
  while (uart().state & kTransmitFull) {
  }
  uart().divider = kClock / baud;
  return true;
}

uint32_t uart_max_baud() { return kClock / kMinDivider; }

}  // namespace aiedge
