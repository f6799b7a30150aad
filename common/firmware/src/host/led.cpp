// The light as a line of text.
#include "led.h"

#include "print.h"

namespace aiedge {

void set_led(bool on) {
  static bool is_on = false;
  if (on == is_on) return;
  is_on = on;
  end_line();
  print("LED %s\n", on ? "on" : "off");
}

}  // namespace aiedge
