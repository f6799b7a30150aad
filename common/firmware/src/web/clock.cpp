// Clock of the browser.
#include "clock.h"

#include <time.h>

namespace aiedge {

uint32_t clock_us() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint32_t>(now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

}  // namespace aiedge
