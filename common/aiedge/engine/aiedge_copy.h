// CONCATENATION, SPLIT, PAD, STRIDED_SLICE, TRANSPOSE, GATHER, GATHER_ND, SPACE_TO_BATCH_ND and
// BATCH_TO_SPACE_ND: values move, none changes.
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
  int32_t size[4], step[4];  // loops over runs, outermost first, with their steps in bytes
} aiedge_copy_strided_layer;

AIEDGE_KERNEL void aiedge_copy_strided(const aiedge_copy_strided_layer *layer, const void *x, void *y) {
  const uint8_t *from = (const uint8_t *)x + layer->start;
  uint8_t *to = (uint8_t *)y;
  const int32_t run = layer->run, step = layer->step[3];
  for (int32_t i = 0; i < layer->size[0]; i++) {
    for (int32_t j = 0; j < layer->size[1]; j++) {
      for (int32_t k = 0; k < layer->size[2]; k++) {
        const uint8_t *row = from + i * layer->step[0] + j * layer->step[1] + k * layer->step[2];
        for (int32_t l = 0; l < layer->size[3]; l++) {
          if (run == 1) {  // single values are not worth a call
            *to = *row;
          } else if (run == 4) {
            memcpy(to, row, 4);
          } else {
            memcpy(to, row, (size_t)run);
          }
          row += step;
          to += run;
        }
      }
    }
  }
}

// An index is clamped to its dimension: nothing beyond the input is read.
static inline int32_t aiedge_gather_index(int32_t index, int32_t size) {
  return index < 0 ? 0 : index < size ? index : size - 1;
}

typedef struct {
  int32_t batches, outer;  // of the input: dimensions that the indices share, and others before the axis
  int32_t size;            // of the axis
  int32_t indices;         // of each batch
  int32_t run;             // bytes that an index names
} aiedge_gather_layer;

AIEDGE_KERNEL void aiedge_gather(const aiedge_gather_layer *layer, const void *x, const int32_t *indices,
                                 void *y) {
  const int32_t run = layer->run;
  const uint8_t *from = (const uint8_t *)x;
  uint8_t *to = (uint8_t *)y;
  for (int32_t i = 0; i < layer->batches; i++) {
    for (int32_t j = 0; j < layer->outer; j++) {
      for (int32_t k = 0; k < layer->indices; k++) {
        memcpy(to, from + aiedge_gather_index(indices[k], layer->size) * run, (size_t)run);
        to += run;
      }
      from += layer->size * run;
    }
    indices += layer->indices;
  }
}

typedef struct {
  int32_t positions, dimensions;  // an index for each dimension makes a position
  int32_t size[5], step[5];       // of these dimensions, in bytes; the last step is what a position names
} aiedge_gather_nd_layer;

AIEDGE_KERNEL void aiedge_gather_nd(const aiedge_gather_nd_layer *layer, const void *x,
                                    const int32_t *indices, void *y) {
  const int32_t run = layer->step[layer->dimensions - 1];
  uint8_t *to = (uint8_t *)y;
  for (int32_t i = 0; i < layer->positions; i++) {
    const uint8_t *from = (const uint8_t *)x;
    for (int32_t k = 0; k < layer->dimensions; k++) {
      from += aiedge_gather_index(*indices++, layer->size[k]) * layer->step[k];
    }
    memcpy(to, from, (size_t)run);
    to += run;
  }
}

// An image, and parts of it: each block[0]-th row and block[1]-th column, from another one on in every part.
typedef struct {
  int32_t batches;
  int32_t image[2], part[2], block[2];  // rows and columns
  int32_t before[2];                    // rows and columns that the parts have before the image
  int32_t run;                          // bytes of a pixel
} aiedge_blocks_layer;

// Runs `inside` for each pixel of the parts, in order, that is in the image, where `pixel` is its place; else
// `outside`.
#define AIEDGE_BLOCKS(l, inside, outside)                                                  \
  for (int32_t i = 0; i < (l)->block[0] * (l)->block[1] * (l)->batches; i++) {             \
    int32_t shift = i / (l)->batches;                                                      \
    for (int32_t r = 0; r < (l)->part[0]; r++) {                                           \
      int32_t row = r * (l)->block[0] + shift / (l)->block[1] - (l)->before[0];            \
      for (int32_t c = 0; c < (l)->part[1]; c++) {                                         \
        int32_t column = c * (l)->block[1] + shift % (l)->block[1] - (l)->before[1];       \
        int32_t pixel = (i % (l)->batches * (l)->image[0] + row) * (l)->image[1] + column; \
        if (row >= 0 && row < (l)->image[0] && column >= 0 && column < (l)->image[1]) {    \
          inside;                                                                          \
        } else {                                                                           \
          outside;                                                                         \
        }                                                                                  \
        part += run;                                                                       \
      }                                                                                    \
    }                                                                                      \
  }

// What is outside of the image is made of integers 0, whatever the zero point: TensorFlow Lite Micro does so.
AIEDGE_KERNEL void aiedge_space_to_batch_nd(const aiedge_blocks_layer *layer, const void *x, void *y) {
  const int32_t run = layer->run;
  const uint8_t *image = (const uint8_t *)x;
  uint8_t *part = (uint8_t *)y;
  AIEDGE_BLOCKS(layer, memcpy(part, image + pixel * run, (size_t)run), memset(part, 0, (size_t)run))
}

AIEDGE_KERNEL void aiedge_batch_to_space_nd(const aiedge_blocks_layer *layer, const void *x, void *y) {
  const int32_t run = layer->run;
  const uint8_t *part = (const uint8_t *)x;
  uint8_t *image = (uint8_t *)y;
  AIEDGE_BLOCKS(layer, memcpy(image + pixel * run, part, (size_t)run), )
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

static inline void aiedge_fill_int32(int32_t *y, int32_t value, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = value;
  }
}

AIEDGE_PAD(int8, int8_t, aiedge_fill_int8)
AIEDGE_PAD(int16, int16_t, aiedge_fill_int16)
AIEDGE_PAD(f32, float, aiedge_fill_f32)

#endif
