// CONV_2D with filters of three rows on the ESP32's core, see aiedge_lx6.h.
//
// Letters and padding as in aiedge_conv_2d.h. Strip by strip, as many rows as the scratch holds: the rows of
// the input that these read are laid out as int16, with the padding around them, and each filter, unpacked,
// passes over them. A window's rows are read where they are; what is behind them up to a multiple of four,
// or up to ten, as three taps of three channels have them, meets weights of 0.
#ifndef AIEDGE_CONV_2D_ROWS_LX6_H
#define AIEDGE_CONV_2D_ROWS_LX6_H

#include "aiedge_lx6.h"

typedef struct {
  // Three times `taps` for each filter, up to a multiple of four, ordered so that unpacking gives the order
  // of the rows.
  const int8_t *weights;
  const int16_t *wide;    // or, where this is not NULL, unpacked ones
  const int32_t *scales;  // see aiedge_lx6.h
  int16_t height, width, channels;
  int16_t output_height, output_width, filters;
  int16_t stride_h, stride_w;
  int16_t pad_top, pad_left;
  int16_t outside;  // the input's zero point, plus 128
  int16_t columns;  // of a row: the padding on the left, the image, and the padding on the right
  int16_t taps;     // of a window's row, filled up to a multiple of four, or to 10
  int16_t strip;    // rows of output at a time
  int16_t ordered;  // 1 where rows are in the order of aiedge_lx6_expand()
  int16_t relu;     // 1 where the output's zero point is -128
} aiedge_conv_2d_rows_lx6_layer;

AIEDGE_KERNEL void aiedge_conv_2d_rows_lx6_int8(const aiedge_conv_2d_rows_lx6_layer *layer, const int8_t *x,
                                                int8_t *y, uint8_t *scratch) {
  const int32_t taps = layer->taps, filters = layer->filters, inside = layer->width * layer->channels;
  const int32_t left = layer->pad_left * layer->channels, columns = layer->columns * layer->channels;
  const int32_t row = (columns + 1) & ~1;  // int16 of a row
  const int32_t output_row = layer->output_width * filters;
  int16_t *const strip = (int16_t *)(void *)scratch;
  int16_t *const unpacked = strip + ((layer->strip - 1) * layer->stride_h + 3) * row;
  const int32_t all_taps = (3 * taps + 3) & ~3, wide = layer->wide ? all_taps : 0;
  aiedge_lx6_filter *const filter = taps == 10    ? layer->relu ? aiedge_lx6_ten_relu : aiedge_lx6_ten
                                    : layer->relu ? aiedge_lx6_rows_relu
                                                  : aiedge_lx6_rows;
  const aiedge_lx6_step step = {filters, taps / 4 - 1, 2 * (row - taps),
                                2 * (layer->stride_w * layer->channels - 2 * row - taps)};
  for (int32_t oy = 0; oy < layer->output_height; oy += layer->strip) {
    const int32_t to_come = layer->output_height - oy;
    const int32_t rows = to_come < layer->strip ? to_come : layer->strip;
    int16_t *to = strip;
    for (int32_t i = (rows - 1) * layer->stride_h + 3, iy = oy * layer->stride_h - layer->pad_top; i > 0;
         i--, iy++, to += row) {
      if (iy < 0 || iy >= layer->height) {
        aiedge_lx6_fill(to, layer->outside, columns);
        continue;
      }
      int16_t *from = aiedge_lx6_fill(to, layer->outside, left);
      if (layer->ordered) {
        aiedge_lx6_expand(x + iy * inside, from, inside, 1, 0);
      } else {
        aiedge_lx6_expand_bytes(x + iy * inside, from, inside, 1, 0);
      }
      aiedge_lx6_fill(from + inside, layer->outside, columns - left - inside);
    }
    const int8_t *weights = layer->weights;
    const int16_t *w = wide ? layer->wide : unpacked;
    const int32_t *scale = layer->scales;
    for (int32_t k = filters; k > 0; k--, w += wide, scale += AIEDGE_LX6_STEP, y++) {
      if (!wide) {
        aiedge_lx6_unpack(weights, unpacked, all_taps);
        weights += all_taps;
      }
      const int16_t *from = strip;
      int8_t *row_y = y;
      for (int32_t i = rows; i > 0; i--, from += layer->stride_h * row, row_y += output_row) {
        filter(from, w, scale, row_y, layer->output_width, &step);
      }
    }
    y += rows * output_row - filters;
  }
}

#endif
