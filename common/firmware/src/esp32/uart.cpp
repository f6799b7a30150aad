// UART 0 of the ESP32, which the ESP-EYE's USB bridge carries, through ESP-IDF's driver.
#include "uart.h"

#include "driver/uart.h"
#include "freertos/FreeRTOS.h"

namespace aiedge {
namespace {

constexpr int kBaud = 115200;
constexpr int kBufferBytes = 2048;  // holds a whole frame while the network runs

uart_port_t uart() {
  static bool open = false;
  if (!open) {
    open = true;
    ESP_ERROR_CHECK(uart_driver_install(UART_NUM_0, kBufferBytes, 0, 0, nullptr, 0));
    ESP_ERROR_CHECK(uart_set_baudrate(UART_NUM_0, kBaud));
  }
  return UART_NUM_0;
}

}  // namespace

const char *target_name() { return "the ESP32"; }

bool uart_listens() { return true; }

int uart_read(uint32_t timeout_ms) {
  uint8_t byte = 0;
  return uart_read_bytes(uart(), &byte, 1, pdMS_TO_TICKS(timeout_ms)) == 1 ? byte : -1;
}

void uart_write(const void *data, size_t count) { uart_write_bytes(uart(), data, count); }

}  // namespace aiedge
