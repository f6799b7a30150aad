// Declarations for tests; see README.md.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { UART_NUM_0, UART_NUM_1, UART_NUM_2, UART_NUM_MAX } uart_port_t;

esp_err_t uart_driver_install(uart_port_t port, int receive_bytes, int transmit_bytes, int queue_size,
                              QueueHandle_t *queue, int interrupt_flags);
esp_err_t uart_set_baudrate(uart_port_t port, uint32_t baud);
int uart_read_bytes(uart_port_t port, void *to, uint32_t count, TickType_t ticks);
esp_err_t uart_get_buffered_data_len(uart_port_t port, size_t *count);
esp_err_t uart_wait_tx_done(uart_port_t port, TickType_t ticks);
int uart_write_bytes(uart_port_t port, const void *from, size_t count);

#ifdef __cplusplus
}
#endif
