// The time that each layer of a compiled network takes: with AIEDGE_PROFILE defined for all of the firmware,
// the clock is read before and after each. TensorFlow Lite Micro's layers are not timed.
#ifndef AIEDGE_LAYER_TIMES_H_
#define AIEDGE_LAYER_TIMES_H_

#include <stdint.h>

namespace aiedge {

// Returns how many layers are timed: those of the model file, or none.
unsigned timed_layers();

// Returns how often the network has run.
uint32_t timed_runs();

const char *layer_name(unsigned index);

// Returns a layer's microseconds in one run, the mean of all; a negative number where it has not run, as one
// that is a part of another.
float layer_us(unsigned index);

}  // namespace aiedge

#endif  // AIEDGE_LAYER_TIMES_H_
