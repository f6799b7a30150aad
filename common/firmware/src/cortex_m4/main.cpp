// Start and end of the firmware in the emulator.
#include "semihosting.h"
#include "stop.h"

extern "C" void app_main(void);

namespace aiedge {

void stop(int status) {
  uint32_t block[2] = {0x20026, static_cast<uint32_t>(status)};  // the application ends by itself
  semihosting(kExitExtended, block);
}

}  // namespace aiedge

int main() {
  app_main();
  aiedge::stop(0);
}
