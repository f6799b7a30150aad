// The clock.
#ifndef AIEDGE_CLOCK_H_
#define AIEDGE_CLOCK_H_

#include <stdint.h>

namespace aiedge {

// Returns microseconds since some moment in the past; starts again at 0 after 71 minutes, so only
// differences mean something. Each time is later than the one before, by a microsecond at least. For
// sketches: the library notes that it was asked.
uint32_t now_us();

// The same for the library: one file per target implements it.
uint32_t clock_us();

}  // namespace aiedge

#endif  // AIEDGE_CLOCK_H_
