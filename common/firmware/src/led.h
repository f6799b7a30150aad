// The board's light.
#ifndef AIEDGE_LED_H_
#define AIEDGE_LED_H_

namespace aiedge {

// Switches the light on or off: the red LED of the ESP-EYE, a register of the emulated board, on this
// computer some text whenever it changes. For sketches: the library notes it.
void set_led(bool on);

// The light itself: one file per target implements it.
void write_led(bool on);

}  // namespace aiedge

#endif  // AIEDGE_LED_H_
