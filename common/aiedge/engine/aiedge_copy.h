// CONCATENATION, SPLIT, PAD and STRIDED_SLICE: values move, none changes.
#ifndef AIEDGE_COPY_H
#define AIEDGE_COPY_H

#include <string.h>

#include "aiedge_engine.h"

// Copies `rows` runs of `bytes` bytes; the next run starts x_step and y_step bytes after the last.
AIEDGE_KERNEL void aiedge_copy_rows(const void *x, int32_t x_step, void *y, int32_t y_step, int32_t rows,
                                    int32_t bytes) {
  const uint8_t *from = (const uint8_t *)x;
  uint8_t *to = (uint8_t *)y;
  for (int32_t i = 0; i < rows; i++) {
    memcpy(to, from, (size_t)bytes);
    from += x_step;
    to += y_step;
  }
}

typedef struct {
  int32_t start;             // bytes before the first run
  int32_t run;               // bytes that lie side by side
  int32_t size[5], step[5];  // loops over runs, outermost first, with their steps in bytes
} aiedge_copy_strided_layer;

AIEDGE_KERNEL void aiedge_copy_strided(const aiedge_copy_strided_layer *layer, const void *x, void *y) {
  const uint8_t *from = (const uint8_t *)x + layer->start;
  uint8_t *to = (uint8_t *)y;
  size_t run = (size_t)layer->run;
  const int32_t *size = layer->size, *step = layer->step;
  for (int32_t i = 0; i < size[0] * size[1]; i++) {
    const uint8_t *image = from + i / size[1] * step[0] + i % size[1] * step[1];
    for (int32_t j = 0; j < size[2]; j++) {
      for (int32_t k = 0; k < size[3]; k++) {
        const uint8_t *row = image + j * step[2] + k * step[3];
        for (int32_t l = 0; l < size[4]; l++) {
          memcpy(to, row + l * step[4], run);
          to += run;
        }
      }
    }
  }
}

// PAD: four dimensions, outermost first, with sizes and the number of padding values before the input's.
#define AIEDGE_PAD_FIELDS int32_t inputs[4], outputs[4], before[4];

typedef struct {
  AIEDGE_PAD_FIELDS
  int8_t value;
} aiedge_pad_int8_layer;

typedef struct {
  AIEDGE_PAD_FIELDS
  int16_t value;
} aiedge_pad_int16_layer;

typedef struct {
  AIEDGE_PAD_FIELDS
  float value;
} aiedge_pad_f32_layer;

static inline int aiedge_pad_inside(int32_t i, int32_t before, int32_t inputs) {
  return i >= before && i < before + inputs;
}

// One kernel for each type; `fill` sets a number of values.
#define AIEDGE_PAD(suffix, type, fill)                                                                       \
  AIEDGE_KERNEL void aiedge_pad_##suffix(const aiedge_pad_##suffix##_layer *layer, const type *x, type *y) { \
    const int32_t *n = layer->inputs, *m = layer->outputs, *before = layer->before;                          \
    for (int32_t i = 0; i < m[0]; i++) {                                                                     \
      for (int32_t j = 0; j < m[1]; j++) {                                                                   \
        for (int32_t k = 0; k < m[2]; k++) {                                                                 \
          if (aiedge_pad_inside(i, before[0], n[0]) && aiedge_pad_inside(j, before[1], n[1]) &&              \
              aiedge_pad_inside(k, before[2], n[2])) {                                                       \
            fill(y, layer->value, before[3]);                                                                \
            memcpy(y + before[3], x, (size_t)n[3] * sizeof *x);                                              \
            fill(y + before[3] + n[3], layer->value, m[3] - before[3] - n[3]);                               \
            x += n[3];                                                                                       \
          } else {                                                                                           \
            fill(y, layer->value, m[3]);                                                                     \
          }                                                                                                  \
          y += m[3];                                                                                         \
        }                                                                                                    \
      }                                                                                                      \
    }                                                                                                        \
  }

static inline void aiedge_fill_int8(int8_t *y, int8_t value, int32_t count) {
  memset(y, value, (size_t)count);
}

static inline void aiedge_fill_int16(int16_t *y, int16_t value, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = value;
  }
}

static inline void aiedge_fill_f32(float *y, float value, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = value;
  }
}

AIEDGE_PAD(int8, int8_t, aiedge_fill_int8)
AIEDGE_PAD(int16, int16_t, aiedge_fill_int16)
AIEDGE_PAD(f32, float, aiedge_fill_f32)

#endif
