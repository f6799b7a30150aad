// LED 0 of the MPS2 board, a bit in a register of its FPGA.
#include "led.h"

#include <stdint.h>

namespace aiedge {

void write_led(bool on) { *reinterpret_cast<volatile uint32_t *>(0x40028000) = on; }

}  // namespace aiedge
