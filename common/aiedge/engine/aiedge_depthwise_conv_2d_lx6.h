// DEPTHWISE_CONV_2D with 3x3 taps, or with rows of up to five, on the ESP32's core, see aiedge_lx6.h.
//
// Letters and padding as in aiedge_depthwise_conv_2d.h. Strip by strip, as many rows as the scratch holds,
// and four channels at a time: these are laid out in two planes of pairs, with the padding around them, over
// which each channel's taps then pass.
#ifndef AIEDGE_DEPTHWISE_CONV_2D_LX6_H
#define AIEDGE_DEPTHWISE_CONV_2D_LX6_H

#include "aiedge_lx6.h"

typedef struct {
  const int16_t *weights;  // times 256, for each channel: nine taps and 0, or of each row five taps and 0
  const int32_t *scales;   // see aiedge_lx6.h
  int16_t height, width, channels;
  int16_t output_height, output_width;
  int16_t filter_height;
  int16_t five;  // 1 where rows have five taps
  int16_t stride_h, stride_w;
  int16_t pad_top, pad_left;
  int16_t outside;  // the input's zero point, plus 128
  int16_t columns;  // of a plane: the padding on the left, the image, and the padding on the right
  int16_t strip;    // rows of output at a time
  int16_t relu;     // 1 where the output's zero point is -128
} aiedge_depthwise_conv_2d_lx6_layer;

AIEDGE_KERNEL void aiedge_depthwise_conv_2d_lx6_int8(const aiedge_depthwise_conv_2d_lx6_layer *layer,
                                                     const int8_t *x, int8_t *y, uint8_t *scratch) {
  enum { CHANNELS = 4 };
  const int32_t height = layer->filter_height, taps = layer->five ? 6 * height : 10;
  const int32_t channels = layer->channels, columns = layer->columns, row_bytes = 4 * columns;
  const int32_t stride_w = layer->stride_w, output_row = layer->output_width * channels;
  int16_t *const plane0 = (int16_t *)(void *)scratch;
  aiedge_lx6_channel *const low = layer->five   ? aiedge_lx6_low_five
                                  : layer->relu ? aiedge_lx6_low_relu
                                                : aiedge_lx6_low;
  aiedge_lx6_channel *const high = layer->five   ? aiedge_lx6_high_five
                                   : layer->relu ? aiedge_lx6_high_relu
                                                 : aiedge_lx6_high;
  for (int32_t oy = 0; oy < layer->output_height; oy += layer->strip) {
    const int32_t to_come = layer->output_height - oy;
    const int32_t rows = to_come < layer->strip ? to_come : layer->strip;
    // Rows of the input: all that are read, from the first in the image to behind the last.
    const int32_t input_rows = (rows - 1) * layer->stride_h + height;
    const int32_t top = oy * layer->stride_h - layer->pad_top;
    const int32_t first = top < 0 ? 0 : top;
    const int32_t end = top + input_rows < layer->height ? top + input_rows : layer->height;
    const int32_t plane = 2 * input_rows * columns;  // int16 of a plane
    int16_t *const plane1 = plane0 + plane;
    const int32_t inside = 2 * ((first - top) * columns + layer->pad_left);
    const aiedge_lx6_shape shape = {end - first, layer->width, channels, row_bytes - 4 * layer->width};
    const aiedge_lx6_job job = {layer->output_width,
                                row_bytes - (layer->five ? 20 : 12),
                                4 * stride_w - (layer->five ? 4 + height * row_bytes : 12 + 2 * row_bytes),
                                layer->stride_h * row_bytes - 4 * stride_w * layer->output_width - 4,
                                channels,
                                rows * output_row,
                                height};
    // The padding is the same for all channels.
    for (int16_t *to = plane0; to < plane1 + plane;) {
      for (int32_t i = 0, iy = top; i < input_rows; i++, iy++) {
        if (iy < 0 || iy >= layer->height) {
          to = aiedge_lx6_fill_pairs(to, layer->outside, columns);
        } else {
          to = aiedge_lx6_fill_pairs(to, layer->outside, layer->pad_left) + 2 * layer->width;
          to = aiedge_lx6_fill_pairs(to, layer->outside, columns - layer->pad_left - layer->width);
        }
      }
    }
    const int8_t *from = x + first * layer->width * channels;
    const int16_t *w = layer->weights;
    const int32_t *scale = layer->scales;
    for (int32_t c = 0; c < channels; c += CHANNELS, from += CHANNELS, y += CHANNELS) {
      if (shape.rows > 0) aiedge_lx6_planes(from, plane0 + inside, plane1 + inside, &shape);
      low(&job, w, scale, plane0, y);
      low(&job, w + taps, scale + AIEDGE_LX6_STEP, plane1, y + 1);
      high(&job, w + 2 * taps, scale + 2 * AIEDGE_LX6_STEP, plane0, y + 2);
      high(&job, w + 3 * taps, scale + 3 * AIEDGE_LX6_STEP, plane1, y + 3);
      w += CHANNELS * taps;
      scale += CHANNELS * AIEDGE_LX6_STEP;
    }
    y += rows * output_row - channels;
  }
}

#endif
