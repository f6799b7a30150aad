// UART 0 of the ESP32, which the ESP-EYE's USB bridge carries, through ESP-IDF's driver.
#include "uart.h"

#include "driver/uart.h"
#include "freertos/FreeRTOS.h"
#include "serial_protocol.h"

namespace aiedge {
namespace {

constexpr uint32_t kMinBaud = 1200;
constexpr uint32_t kMaxBaud = 5000000;
constexpr size_t kBufferBytes = 16384;  // holds what comes while the network runs: 1.4 s at 115200 baud
constexpr uint32_t kDrainMs = 1000;

uart_port_t uart() {
  static bool open = false;
  if (!open) {
    open = true;
    ESP_ERROR_CHECK(uart_driver_install(UART_NUM_0, static_cast<int>(kBufferBytes), 0, 0, nullptr, 0));
    ESP_ERROR_CHECK(uart_set_baudrate(UART_NUM_0, kBaseBaud));
  }
  return UART_NUM_0;
}

}  // namespace

const char *target_name() { return "the ESP32"; }

bool uart_listens() { return true; }

size_t uart_read(void *data, size_t count, uint32_t timeout_ms) {
  // The driver waits until all of the bytes have come: ask for one, then for those that are there.
  uint8_t *const bytes = static_cast<uint8_t *>(data);
  if (count == 0 || uart_read_bytes(uart(), bytes, 1, pdMS_TO_TICKS(timeout_ms)) != 1) return 0;
  size_t waiting = 0;
  ESP_ERROR_CHECK(uart_get_buffered_data_len(uart(), &waiting));
  if (waiting > count - 1) waiting = count - 1;
  const int more = uart_read_bytes(uart(), bytes + 1, static_cast<uint32_t>(waiting), 0);
  return 1 + (more > 0 ? static_cast<size_t>(more) : 0);
}

void uart_write(const void *data, size_t count) { uart_write_bytes(uart(), data, count); }

size_t uart_buffer_bytes() { return kBufferBytes; }

bool uart_set_baud(uint32_t baud) {
  if (baud < kMinBaud || baud > kMaxBaud) return false;
  if (uart_wait_tx_done(uart(), pdMS_TO_TICKS(kDrainMs)) != ESP_OK) return false;
  return uart_set_baudrate(uart(), baud) == ESP_OK;
}

uint32_t uart_max_baud() { return kMaxBaud; }

}  // namespace aiedge
