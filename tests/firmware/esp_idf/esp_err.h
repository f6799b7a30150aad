// Declarations for tests; see README.md.
#pragma once

#include <stdint.h>

typedef int esp_err_t;

#define ESP_OK 0

#ifdef __cplusplus
extern "C" {
#endif

void esp_error_check_failed(esp_err_t error);
const char *esp_err_to_name(esp_err_t error);

#ifdef __cplusplus
}
#endif

#define ESP_ERROR_CHECK(expression)                       \
  do {                                                    \
    const esp_err_t error_ = (expression);                \
    if (error_ != ESP_OK) esp_error_check_failed(error_); \
  } while (0)
