// The clock: one file per target implements it.
#ifndef AIEDGE_CLOCK_H_
#define AIEDGE_CLOCK_H_

#include <stdint.h>

namespace aiedge {

// Returns microseconds since some moment in the past; starts again at 0 after 71 minutes, so only
// differences mean something.
uint32_t now_us();

}  // namespace aiedge

#endif  // AIEDGE_CLOCK_H_
