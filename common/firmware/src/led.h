// The board's light: one file per target implements it.
#ifndef AIEDGE_LED_H_
#define AIEDGE_LED_H_

namespace aiedge {

// Switches the light on or off: the red LED of the ESP-EYE, a register of the emulated board, on this
// computer a line of text whenever it changes.
void set_led(bool on);

}  // namespace aiedge

#endif  // AIEDGE_LED_H_
