// RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR: an image in another height and width.
//
// Tables say for each row and column of the output which ones of the input it comes from. Images are
// [batch][height][width][channels].
#ifndef AIEDGE_RESIZE_H
#define AIEDGE_RESIZE_H

#include <string.h>

#include "aiedge_engine.h"

typedef struct {
  int32_t batch, height, width, output_height, output_width;
  int32_t channels;  // their bytes
  const int16_t *rows, *columns;
} aiedge_resize_nearest_layer;

AIEDGE_KERNEL void aiedge_resize_nearest(const aiedge_resize_nearest_layer *layer, const void *x, void *y) {
  const uint8_t *from = (const uint8_t *)x;
  uint8_t *to = (uint8_t *)y;
  int32_t channels = layer->channels, row = layer->width * channels;
  for (int32_t b = 0; b < layer->batch; b++) {
    for (int32_t i = 0; i < layer->output_height; i++) {
      const uint8_t *line = from + layer->rows[i] * row;
      for (int32_t j = 0; j < layer->output_width; j++) {
        memcpy(to, line + layer->columns[j] * channels, (size_t)channels);
        to += channels;
      }
    }
    from += layer->height * row;
  }
}

// Each output lies between two rows and two columns; a weight is the share of the upper one.
#define AIEDGE_RESIZE_BILINEAR_FIELDS                                  \
  int32_t batch, height, width, channels, output_height, output_width; \
  const int16_t *row_lower, *row_upper, *column_lower, *column_upper;

typedef struct {
  AIEDGE_RESIZE_BILINEAR_FIELDS
  const int16_t *row_weight, *column_weight;  // 1024 is 1
} aiedge_resize_bilinear_int8_layer;

AIEDGE_KERNEL void aiedge_resize_bilinear_int8(const aiedge_resize_bilinear_int8_layer *layer,
                                               const int8_t *x, int8_t *y) {
  int32_t channels = layer->channels, row = layer->width * channels;
  for (int32_t b = 0; b < layer->batch; b++) {
    for (int32_t i = 0; i < layer->output_height; i++) {
      const int8_t *above = x + layer->row_lower[i] * row, *below = x + layer->row_upper[i] * row;
      int32_t v = layer->row_weight[i];
      for (int32_t j = 0; j < layer->output_width; j++) {
        int32_t left = layer->column_lower[j] * channels, right = layer->column_upper[j] * channels;
        int32_t u = layer->column_weight[j];
        int32_t above_left = (1024 - v) * (1024 - u), above_right = (1024 - v) * u;
        int32_t below_left = v * (1024 - u), below_right = v * u;
        for (int32_t c = 0; c < channels; c++) {
          int32_t sum = above[left + c] * above_left + above[right + c] * above_right +
                        below[left + c] * below_left + below[right + c] * below_right;
          // The weights add up to 2^20. Halves are rounded away from zero.
          *y++ = (int8_t)((sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));
        }
      }
    }
    x += layer->height * row;
  }
}

typedef struct {
  AIEDGE_RESIZE_BILINEAR_FIELDS
  const float *row_weight, *column_weight;
} aiedge_resize_bilinear_f32_layer;

AIEDGE_KERNEL void aiedge_resize_bilinear_f32(const aiedge_resize_bilinear_f32_layer *layer, const float *x,
                                              float *y) {
  int32_t channels = layer->channels, row = layer->width * channels;
  for (int32_t b = 0; b < layer->batch; b++) {
    for (int32_t i = 0; i < layer->output_height; i++) {
      const float *above = x + layer->row_lower[i] * row, *below = x + layer->row_upper[i] * row;
      float v = layer->row_weight[i];
      for (int32_t j = 0; j < layer->output_width; j++) {
        int32_t left = layer->column_lower[j] * channels, right = layer->column_upper[j] * channels;
        float u = layer->column_weight[j];
        for (int32_t c = 0; c < channels; c++) {
          *y++ = above[left + c] * (1.0f - v) * (1.0f - u) + below[left + c] * v * (1.0f - u) +
                 above[right + c] * (1.0f - v) * u + below[right + c] * v * u;
        }
      }
    }
    x += layer->height * row;
  }
}

#endif
