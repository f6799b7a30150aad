// Weights in the flash's data partition "weights", mapped into the address space: they are read in place.
#include "weights.h"

#include "esp_partition.h"
#include "print.h"

namespace aiedge {

Weights find_weights(size_t expected) {
  const esp_partition_t *const partition =
      esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, "weights");
  if (partition == nullptr || partition->size < expected) {
    print("error: the flash has no partition \"weights\" of %lu bytes\n",
          static_cast<unsigned long>(expected));
    print("hint: common/boards/esp-eye/partitions.csv has one; pio run -e esp-eye-bin -t upload writes it\n");
    return {nullptr, 0};
  }
  static esp_partition_mmap_handle_t handle;  // the mapping stays for good
  const void *data = nullptr;
  const esp_err_t error =
      esp_partition_mmap(partition, 0, partition->size, ESP_PARTITION_MMAP_DATA, &data, &handle);
  if (error != ESP_OK) {
    print("error: the weights cannot be mapped: %s\nhint: reset the board\n", esp_err_to_name(error));
    return {nullptr, 0};
  }
  return {data, expected};
}

}  // namespace aiedge
