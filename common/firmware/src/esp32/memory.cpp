// The memory of the ESP32: data RAM (DRAM), instruction RAM (IRAM), the PSRAM, and the stack of the task that
// runs app_main().
#include <stdint.h>

#include "esp_heap_caps.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "print.h"
#include "report.h"
#include "sdkconfig.h"

// Of ESP-IDF's linker script.
extern "C" {
extern uint8_t _data_start[], _bss_end[];
extern uint8_t _iram_start[], _iram_end[];
extern uint8_t _ext_ram_bss_start[], _ext_ram_bss_end[];
}

namespace aiedge {
namespace {

size_t between(const uint8_t *start, const uint8_t *end) { return static_cast<size_t>(end - start); }

void print_heap(const char *name, uint32_t kind) {
  print("  %-20s %10lu bytes free of %lu, at least %lu so far\r\n", name,
        static_cast<unsigned long>(heap_caps_get_free_size(kind)),
        static_cast<unsigned long>(heap_caps_get_total_size(kind)),
        static_cast<unsigned long>(heap_caps_get_minimum_free_size(kind)));
}

}  // namespace

void print_target_memory() {
  // ESP-IDF counts stacks in bytes.
  const size_t never_used = uxTaskGetStackHighWaterMark(nullptr);
  print_bytes("stack", CONFIG_ESP_MAIN_TASK_STACK_SIZE - never_used, "at most, so far");
  print_bytes("DRAM, static", between(_data_start, _bss_end));
  print_heap("DRAM, heap", MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT);
  print_bytes("IRAM, code", between(_iram_start, _iram_end));
  print_heap("IRAM, heap", MALLOC_CAP_EXEC);
  print_bytes("PSRAM, static", between(_ext_ram_bss_start, _ext_ram_bss_end));
  print_heap("PSRAM, heap", MALLOC_CAP_SPIRAM);
}

}  // namespace aiedge
