// The light as text.
#include "led.h"

#include "print.h"

namespace aiedge {

void write_led(bool on) {
  static bool is_on = false;
  if (on == is_on) return;
  is_on = on;
  print("LED %s   ", on ? "on" : "off");
}

}  // namespace aiedge
