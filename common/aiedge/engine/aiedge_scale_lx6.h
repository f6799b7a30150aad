// MUL by a constant, and ADD and SUB of one, the same for all pixels, on the ESP32's core, see aiedge_lx6.h.
//
// Each channel has a factor and an offset at a scale at which both roundings are one. The output may lie over
// the input.
#ifndef AIEDGE_SCALE_LX6_H
#define AIEDGE_SCALE_LX6_H

#include "aiedge_lx6.h"

typedef struct {
  const int32_t *channel;  // for each channel what its input is multiplied by, and what is added
  int32_t multiplier;
  int32_t rounding, below;  // and the output's zero point, for other numbers and for negative ones
  int32_t shift;
  int32_t pixels, channels;
} aiedge_scale_lx6_layer;

#ifdef AIEDGE_LX6

void aiedge_scale_lx6_int8(const aiedge_scale_lx6_layer *layer, const int8_t *x, int8_t *y);

#else

AIEDGE_KERNEL void aiedge_scale_lx6_int8(const aiedge_scale_lx6_layer *layer, const int8_t *x, int8_t *y) {
  for (int32_t pixel = layer->pixels; pixel > 0; pixel--) {
    const int32_t *channel = layer->channel;
    for (int32_t c = layer->channels; c > 0; c--, channel += 2) {
      const int32_t high = (int32_t)((int64_t)(*x++ * channel[0] + channel[1]) * layer->multiplier >> 32);
      const int32_t value = (high + (high < 0 ? layer->below : layer->rounding)) >> layer->shift;
      *y++ = (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
    }
  }
}

#endif

#endif
