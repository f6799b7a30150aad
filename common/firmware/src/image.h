// From a picture of any size to the network's input: crop, resize, convert, one row at a time.
//
// The largest centred part with the network's proportions (the centred square, for a square input) is
// resized by area: an output pixel is the mean of the source area that it covers, in exact integers. No
// whole picture is held: 8 bytes for each number of an output row are all that a scaler needs.
//
//     ImageScaler scaler;
//     if (!scaler.begin(320, 240, 96, 96, model.input())) return false;
//     while (!scaler.done()) scaler.add_row([&](size_t x) { return Pixel{r, g, b}; });
#ifndef AIEDGE_IMAGE_H_
#define AIEDGE_IMAGE_H_

#include <string.h>

#include "Tensor.h"

namespace aiedge {

struct Pixel {
  uint8_t red, green, blue;
};

// Returns the pixel that a camera packs into two bytes, the high one first: 5 bits red, 6 green, 5 blue.
inline Pixel from_rgb565(uint8_t high, uint8_t low) {
  const unsigned red = high >> 3, green = (high & 7u) << 3 | low >> 5, blue = low & 31u;
  return {static_cast<uint8_t>(red << 3 | red >> 2), static_cast<uint8_t>(green << 2 | green >> 4),
          static_cast<uint8_t>(blue << 3 | blue >> 2)};
}

// Stores bytes in a tensor as the networks take them, value / 255: for an int8 tensor with scale 1/255
// and zero point -128 that is value - 128, for a uint8 one with that scale and zero point 0 the value.
class PixelWriter {
 public:
  void begin(Tensor &to) {
    to_ = &to;
    if (to.type == TensorType::kFloat32) return;
    for (int value = 0; value < 256; value++) {
      table_[value] = to.quantize(static_cast<float>(value) / 255.0f);
    }
  }

  void set(size_t index, uint8_t value) {
    if (to_->type == TensorType::kFloat32) {
      to_->store<float>(index, static_cast<float>(value) / 255.0f);
    } else {
      to_->store_integer(index, table_[value]);
    }
  }

 private:
  Tensor *to_ = nullptr;
  int32_t table_[256] = {};
};

class ImageScaler {
 public:
  static constexpr uint32_t kMaxOutput = 128;      // pixels in a row or column of the network's input
  static constexpr uint32_t kMaxSource = 1 << 14;  // of the picture's
  static constexpr uint32_t kMaxArea = 1 << 24;    // pixels of the part that is used: its sums fit 32 bits

  // Starts a picture; false where it is empty or too large, or the tensor is not height x width x 3.
  bool begin(uint32_t source_width, uint32_t source_height, uint32_t width, uint32_t height, Tensor &to) {
    row_ = output_row_ = height_ = 0;
    if (width - 1 >= kMaxOutput || height - 1 >= kMaxOutput) return false;
    if (source_width - 1 >= kMaxSource || source_height - 1 >= kMaxSource) return false;
    if (to.count != size_t{width} * height * 3) return false;
    crop_width_ = min(source_width, at_least_1(source_height * width / height));
    crop_height_ = min(source_height, at_least_1(source_width * height / width));
    if (crop_width_ > kMaxArea / crop_height_) return false;
    left_ = (source_width - crop_width_) / 2;
    top_ = (source_height - crop_height_) / 2;
    width_ = width;
    height_ = height;
    memset(sums_, 0, sizeof(sums_));
    writer_.begin(to);
    return true;
  }

  // Tells whether the tensor is full: the source's rows below need not be read.
  bool done() const { return output_row_ == height_; }

  // Takes the source's next row, from its top; `pixel(x)` returns its pixel in column x.
  template <typename PixelAt>
  void add_row(PixelAt pixel) {
    const uint32_t row = row_++;
    if (row < top_ || done()) return;
    shrink_row(pixel);
    // In units of 1 / (crop height x height) of the picture, where a source row is `height_` high and an
    // output row `crop_height_`, all borders are whole numbers.
    uint32_t from = (row - top_) * height_;
    const uint32_t to = from + height_;
    while (from < to) {
      const uint32_t border = (output_row_ + 1) * crop_height_;
      const uint32_t end = min(to, border);
      for (uint32_t i = 0; i < width_ * 3; i++) sums_[i] += (end - from) * row_sums_[i];
      if (end == border) write_row();
      from = end;
    }
  }

 private:
  static uint32_t min(uint32_t a, uint32_t b) { return a < b ? a : b; }
  static uint32_t at_least_1(uint32_t a) { return a == 0 ? 1 : a; }

  // Sums a source row's pixels into the output's columns, each by how much of it lies in the column.
  template <typename PixelAt>
  void shrink_row(PixelAt pixel) {
    memset(row_sums_, 0, sizeof(row_sums_));
    uint32_t from = 0, column = 0;
    for (uint32_t x = 0; x < crop_width_; x++) {
      const Pixel p = pixel(left_ + x);
      const uint32_t to = from + width_;
      while (from < to) {
        const uint32_t border = (column + 1) * crop_width_;
        const uint32_t end = min(to, border), weight = end - from;
        uint32_t *sum = row_sums_ + column * 3;
        sum[0] += weight * p.red;
        sum[1] += weight * p.green;
        sum[2] += weight * p.blue;
        if (end == border) column++;
        from = end;
      }
    }
  }

  void write_row() {
    const uint32_t area = crop_width_ * crop_height_;
    for (uint32_t i = 0; i < width_ * 3; i++) {
      writer_.set(output_row_ * width_ * 3 + i, static_cast<uint8_t>((sums_[i] + area / 2) / area));
    }
    memset(sums_, 0, sizeof(sums_));
    output_row_++;
  }

  uint32_t width_ = 0, height_ = 0;
  uint32_t left_ = 0, top_ = 0, crop_width_ = 0, crop_height_ = 0;
  uint32_t row_ = 0, output_row_ = 0;
  PixelWriter writer_;
  uint32_t row_sums_[kMaxOutput * 3] = {};
  uint32_t sums_[kMaxOutput * 3] = {};
};

}  // namespace aiedge

#endif  // AIEDGE_IMAGE_H_
