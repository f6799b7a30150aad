// Clock of the ESP32: ESP-IDF's high-resolution timer.
#include "clock.h"

#include "esp_timer.h"

namespace aiedge {

uint32_t clock_us() { return static_cast<uint32_t>(esp_timer_get_time()); }

}  // namespace aiedge
