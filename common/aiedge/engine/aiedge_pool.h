// MAX_POOL_2D, AVERAGE_POOL_2D and L2_POOL_2D: the largest value, the mean, or the root of the mean square,
// of the window around each output.
//
// Padding does not count: a window at the border has fewer values. Images are
// [batch][height][width][channels].
#ifndef AIEDGE_POOL_H
#define AIEDGE_POOL_H

#include <math.h>
#include <string.h>

#include "aiedge_engine.h"
#include "aiedge_requantize.h"

#define AIEDGE_POOL_FIELDS                \
  int32_t batch, height, width, channels; \
  int32_t output_height, output_width;    \
  int32_t filter_height, filter_width;    \
  int32_t stride_h, stride_w;             \
  int32_t pad_top, pad_left;

typedef struct {
  AIEDGE_POOL_FIELDS
  int32_t low, high;  // the fused activation's range
} aiedge_pool_int8_layer;

typedef aiedge_pool_int8_layer aiedge_pool_int16_layer;

typedef struct {
  AIEDGE_POOL_FIELDS
  float low, high;
} aiedge_pool_f32_layer;

// The part of a window that lies in the image: its first row or column, and how many.
typedef struct {
  int32_t first, count;
} aiedge_pool_span;

static inline aiedge_pool_span aiedge_pool_clip(int32_t start, int32_t window, int32_t size) {
  int32_t first = start < 0 ? 0 : start;
  int32_t end = start + window < size ? start + window : size;
  aiedge_pool_span span = {first, end - first};
  return span;
}

// Each y becomes the larger one of itself and x.
static inline void aiedge_pool_larger(int8_t *y, const int8_t *x, int32_t count) {
  int32_t c = 0;
#ifdef AIEDGE_DSP
  for (; c <= count - 4; c += 4) {
    uint32_t four, largest;
    memcpy(&four, x + c, 4);
    memcpy(&largest, y + c, 4);
    // The subtraction sets a flag for each byte, by which sel chooses.
    __asm("ssub8 r12, %1, %0\n\tsel %0, %1, %0" : "+r"(largest) : "r"(four) : "r12", "cc");
    memcpy(y + c, &largest, 4);
  }
#endif
  for (; c < count; c++) {
    y[c] = x[c] > y[c] ? x[c] : y[c];
  }
}

AIEDGE_KERNEL void aiedge_max_pool_int8(const aiedge_pool_int8_layer *layer, const int8_t *x, int8_t *y) {
  int32_t channels = layer->channels, row = layer->width * channels;
  for (int32_t b = 0; b < layer->batch; b++) {
    for (int32_t i = 0; i < layer->output_height; i++) {
      aiedge_pool_span rows =
          aiedge_pool_clip(i * layer->stride_h - layer->pad_top, layer->filter_height, layer->height);
      for (int32_t j = 0; j < layer->output_width; j++) {
        aiedge_pool_span columns =
            aiedge_pool_clip(j * layer->stride_w - layer->pad_left, layer->filter_width, layer->width);
        const int8_t *corner = x + rows.first * row + columns.first * channels;
        memset(y, layer->low, (size_t)channels);
        for (int32_t h = 0; h < rows.count; h++) {
          const int8_t *value = corner + h * row;
          for (int32_t w = 0; w < columns.count; w++) {
            aiedge_pool_larger(y, value, channels);
            value += channels;
          }
        }
        if (layer->high < INT8_MAX) {
          for (int32_t c = 0; c < channels; c++) {
            y[c] = y[c] < layer->high ? y[c] : (int8_t)layer->high;
          }
        }
        y += channels;
      }
    }
    x += layer->height * row;
  }
}

// Divides the sums of windows of `count` values. A sum of n values, n <= 360, is divided by n exactly by a
// factor and a shift by 24 bits: |sum| + n / 2 <= 129 n, so neither the error, under 129 n * n / 2^24,
// reaches the next quotient nor the product 2^32.
typedef struct {
  int32_t count, half;
  uint32_t reciprocal;
} aiedge_pool_divisor;

static inline aiedge_pool_divisor aiedge_pool_divide_by(int32_t count) {
  aiedge_pool_divisor by = {count, count / 2, 0};
  if (count <= 360) by.reciprocal = ((UINT32_C(1) << 24) + (uint32_t)count - 1) / (uint32_t)count;
  return by;
}

AIEDGE_INLINE int8_t aiedge_pool_mean(const aiedge_pool_int8_layer *layer, int32_t sum,
                                      aiedge_pool_divisor by) {
  int32_t size = (sum < 0 ? -sum : sum) + by.half;
  int32_t mean = by.reciprocal ? (int32_t)(((uint32_t)size * by.reciprocal) >> 24) : size / by.count;
  return aiedge_clamp(sum < 0 ? -mean : mean, layer->low, layer->high);
}

AIEDGE_KERNEL void aiedge_average_pool_int8(const aiedge_pool_int8_layer *layer, const int8_t *x, int8_t *y) {
  int32_t channels = layer->channels, row = layer->width * channels;
  aiedge_pool_divisor by = {0, 0, 0};
  for (int32_t b = 0; b < layer->batch; b++) {
    for (int32_t i = 0; i < layer->output_height; i++) {
      aiedge_pool_span rows =
          aiedge_pool_clip(i * layer->stride_h - layer->pad_top, layer->filter_height, layer->height);
      for (int32_t j = 0; j < layer->output_width; j++) {
        aiedge_pool_span columns =
            aiedge_pool_clip(j * layer->stride_w - layer->pad_left, layer->filter_width, layer->width);
        const int8_t *corner = x + rows.first * row + columns.first * channels;
        if (rows.count * columns.count != by.count) by = aiedge_pool_divide_by(rows.count * columns.count);
        for (int32_t c = 0; c < channels; c++) {
          int32_t sum = 0;
          for (int32_t h = 0; h < rows.count; h++) {
            const int8_t *value = corner + h * row + c;
            for (int32_t w = 0; w < columns.count; w++) {
              sum += *value;
              value += channels;
            }
          }
          *y++ = aiedge_pool_mean(layer, sum, by);
        }
      }
    }
    x += layer->height * row;
  }
}

// The same where rows come one by one: x is row i of the image, and its windows' sums are kept until the last
// of their rows makes y. No window overlaps the next, none reaches beyond the image.
AIEDGE_KERNEL void aiedge_average_pool_int8_sums(const aiedge_pool_int8_layer *layer, int32_t i,
                                                 const int8_t *x, int32_t *sums, int8_t *y) {
  const int32_t line = i % layer->filter_height, channels = layer->channels;
  const int last = line == layer->filter_height - 1;
  const aiedge_pool_divisor by = aiedge_pool_divide_by(layer->filter_height * layer->filter_width);
  for (int32_t j = 0; j < layer->output_width; j++, x += layer->stride_w * channels) {
    for (int32_t c = 0; c < channels; c++, sums++, y++) {
      int32_t sum = line ? *sums : 0;
      for (int32_t w = 0; w < layer->filter_width; w++) sum += x[w * channels + c];
      if (last) {
        *y = aiedge_pool_mean(layer, sum, by);
      } else {
        *sums = sum;
      }
    }
  }
}

// The kernels of other types, which take a window's values one by one. `result` makes the output of what
// `each` leaves in `all`, which begins as `begin`.
#define AIEDGE_POOL(kernel, suffix, type, all_type, begin, each, result)                                  \
  AIEDGE_KERNEL void kernel(const aiedge_pool_##suffix##_layer *layer, const type *x, type *y) {          \
    int32_t channels = layer->channels, row = layer->width * channels;                                    \
    for (int32_t b = 0; b < layer->batch; b++) {                                                          \
      for (int32_t i = 0; i < layer->output_height; i++) {                                                \
        aiedge_pool_span rows =                                                                           \
            aiedge_pool_clip(i * layer->stride_h - layer->pad_top, layer->filter_height, layer->height);  \
        for (int32_t j = 0; j < layer->output_width; j++) {                                               \
          aiedge_pool_span columns =                                                                      \
              aiedge_pool_clip(j * layer->stride_w - layer->pad_left, layer->filter_width, layer->width); \
          const type *corner = x + rows.first * row + columns.first * channels;                           \
          const int32_t count = rows.count * columns.count;                                               \
          for (int32_t c = 0; c < channels; c++) {                                                        \
            all_type all = begin;                                                                         \
            for (int32_t h = 0; h < rows.count; h++) {                                                    \
              const type *value = corner + h * row + c;                                                   \
              for (int32_t w = 0; w < columns.count; w++, value += channels) all = each;                  \
            }                                                                                             \
            (void)count;                                                                                  \
            all = result;                                                                                 \
            *y++ = (type)(all < layer->low ? layer->low : all > layer->high ? layer->high : all);         \
          }                                                                                               \
        }                                                                                                 \
      }                                                                                                   \
      x += layer->height * row;                                                                           \
    }                                                                                                     \
  }

AIEDGE_POOL(aiedge_max_pool_f32, f32, float, float, -INFINITY, *value > all ? *value : all, all)
AIEDGE_POOL(aiedge_average_pool_f32, f32, float, float, 0.0f, all + *value, all / (float)count)
AIEDGE_POOL(aiedge_l2_pool_f32, f32, float, float, 0.0f, all + *value * *value, sqrtf(all / (float)count))
AIEDGE_POOL(aiedge_max_pool_int16, int16, int16_t, int32_t, INT16_MIN, *value > all ? *value : all, all)
AIEDGE_POOL(aiedge_average_pool_int16, int16, int16_t, int32_t, 0, all + *value,
            (all > 0 ? all + count / 2 : all - count / 2) / count)

// Row i of the output alone: x is the first row of its window, which may lie above the image.
#define AIEDGE_POOL_ROW(kernel, suffix, type)                                                          \
  AIEDGE_INLINE void kernel##_row(const aiedge_pool_##suffix##_layer *layer, int32_t i, const type *x, \
                                  type *y) {                                                           \
    const int32_t top = i * layer->stride_h - layer->pad_top, above = top < 0 ? -top : 0;              \
    aiedge_pool_##suffix##_layer row = *layer;                                                         \
    row.output_height = 1;                                                                             \
    row.pad_top = above;                                                                               \
    row.height = aiedge_pool_clip(top, layer->filter_height, layer->height).count;                     \
    kernel(&row, x + above * layer->width * layer->channels, y);                                       \
  }

AIEDGE_POOL_ROW(aiedge_max_pool_int8, int8, int8_t)
AIEDGE_POOL_ROW(aiedge_average_pool_int8, int8, int8_t)
AIEDGE_POOL_ROW(aiedge_max_pool_int16, int16, int16_t)
AIEDGE_POOL_ROW(aiedge_average_pool_int16, int16, int16_t)
AIEDGE_POOL_ROW(aiedge_max_pool_f32, f32, float)
AIEDGE_POOL_ROW(aiedge_average_pool_f32, f32, float)
AIEDGE_POOL_ROW(aiedge_l2_pool_f32, f32, float)

#endif
