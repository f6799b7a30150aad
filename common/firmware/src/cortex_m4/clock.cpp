// Clock of the MPS2 board: a counter in its FPGA, at 25 MHz divided to microseconds. In QEMU it
// follows the emulator's time, which says nothing about the speed of a real Cortex-M4.
#include "clock.h"

namespace aiedge {
namespace {

volatile uint32_t *const kCounter = reinterpret_cast<uint32_t *>(0x40028018);
volatile uint32_t *const kPrescale = reinterpret_cast<uint32_t *>(0x4002801C);

}  // namespace

uint32_t clock_us() {
  if (*kPrescale != 24) *kPrescale = 24;
  return *kCounter;
}

}  // namespace aiedge
