#include "LayerTimes.h"

#if defined(AIEDGE_PROFILE) && defined(AIEDGE_RUNTIME_COMPILED)
#include "aiedge_model.h"
#include "clock.h"
#include AIEDGE_MODEL_HEADER

namespace aiedge {
namespace {

constexpr unsigned kLayers = AIEDGE_MODEL_OPERATORS;

// Of each layer, over all runs. The place behind the last one is that of the time between two runs.
uint64_t total_us[kLayers + 1];
uint32_t calls[kLayers + 1];
unsigned current = kLayers;
uint32_t start_us = 0;

}  // namespace

unsigned timed_layers() { return kLayers; }

// The last layer ends a run, in a network that takes its input row by row, too.
uint32_t timed_runs() {
  unsigned last = kLayers;
  while (last > 0 && calls[last - 1] == 0) last--;
  return last == 0 ? 0 : calls[last - 1];
}

const char *layer_name(unsigned index) { return AIEDGE_MODEL_OPERATOR_NAME(static_cast<int32_t>(index)); }

float layer_us(unsigned index) {
  if (index >= kLayers || calls[index] == 0) return -1.0f;
  return static_cast<float>(total_us[index]) / static_cast<float>(timed_runs());
}

}  // namespace aiedge

// The network calls this before each layer with its number, and after the last one with the number of layers.
void aiedge_profile(int32_t index) {
  using namespace aiedge;
  total_us[current] += clock_us() - start_us;
  calls[current]++;
  current = static_cast<unsigned>(index);
  start_us = clock_us();
}

#else

namespace aiedge {

unsigned timed_layers() { return 0; }
uint32_t timed_runs() { return 0; }
const char *layer_name(unsigned) { return ""; }
float layer_us(unsigned) { return -1.0f; }

}  // namespace aiedge

#endif
