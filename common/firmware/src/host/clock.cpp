// Clock of this computer.
#include "clock.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <time.h>
#endif

namespace aiedge {

uint32_t clock_us() {
#ifdef _WIN32
  LARGE_INTEGER frequency, now;
  QueryPerformanceFrequency(&frequency);
  QueryPerformanceCounter(&now);
  return static_cast<uint32_t>(now.QuadPart * 1000000 / frequency.QuadPart);
#else
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint32_t>(now.tv_sec * 1000000 + now.tv_nsec / 1000);
#endif
}

}  // namespace aiedge
