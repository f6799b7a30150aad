// The light of the board that the page draws.
#include "led.h"

#include "page.h"

namespace aiedge {

void write_led(bool on) { page_led(on); }

}  // namespace aiedge
