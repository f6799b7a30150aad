// esp32/weights.cpp on this computer: its flash is an array.
#include <stdio.h>
#include <string.h>

#include "esp_partition.h"
#include "uart.h"
#include "weights.h"

namespace {

alignas(4) const char flash[64] = "weights";
esp_partition_t partition = {0x3c0000, sizeof(flash), "weights"};
bool has_partition = true;
esp_err_t mapping = ESP_OK;

}  // namespace

const esp_partition_t *esp_partition_find_first(esp_partition_type_t type, esp_partition_subtype_t,
                                                const char *label) {
  const bool found = type == ESP_PARTITION_TYPE_DATA && strcmp(label, partition.label) == 0;
  return has_partition && found ? &partition : nullptr;
}

esp_err_t esp_partition_mmap(const esp_partition_t *from, size_t offset, size_t size,
                             esp_partition_mmap_memory_t memory, const void **data,
                             esp_partition_mmap_handle_t *handle) {
  if (mapping != ESP_OK || memory != ESP_PARTITION_MMAP_DATA || offset + size > from->size) return 1;
  *data = flash + offset;
  *handle = 7;
  return ESP_OK;
}

const char *esp_err_to_name(esp_err_t) { return "ESP_FAIL"; }

void aiedge::uart_write(const void *data, size_t count) { fwrite(data, 1, count, stdout); }

static bool finds(size_t expected) {
  const aiedge::Weights found = aiedge::find_weights(expected);
  return found.data == flash && found.bytes == expected;
}

int main() {
  if (!finds(7) || !finds(64)) return 1;
  if (finds(65)) return 2;  // too small
  mapping = 1;
  if (finds(7)) return 3;
  mapping = ESP_OK;
  has_partition = false;
  if (finds(7)) return 4;
  return 0;
}
