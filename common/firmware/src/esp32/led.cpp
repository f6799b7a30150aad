// The red LED of the ESP-EYE.
#include "led.h"

#include "driver/gpio.h"

namespace aiedge {

void write_led(bool on) {
  constexpr gpio_num_t kRed = GPIO_NUM_21;
  static bool ready = false;
  if (!ready) {
    ready = true;
    gpio_reset_pin(kRed);
    gpio_set_direction(kRed, GPIO_MODE_OUTPUT);
  }
  gpio_set_level(kRed, on);
}

}  // namespace aiedge
