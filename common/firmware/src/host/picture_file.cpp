#include "picture_file.h"

#include <algorithm>

namespace aiedge {
namespace {

constexpr size_t kBmpHeader = 54;

uint32_t number_at(const uint8_t *bytes, size_t count) {
  uint32_t value = 0;
  for (size_t i = 0; i < count; i++) value |= static_cast<uint32_t>(bytes[i]) << (8 * i);
  return value;
}

}  // namespace

bool PictureFile::open(const std::string &path) {
  *this = PictureFile();
  file_.open(path, std::ios::binary);
  if (!file_) return fail("it cannot be read", "check its permissions");
  file_.seekg(0, std::ios::end);
  const uint64_t file_bytes = static_cast<uint64_t>(std::max<std::streamoff>(file_.tellg(), 0));
  file_.seekg(0);
  char magic[2] = "";
  file_.read(magic, 2);
  if (!file_ || (magic[0] != 'P' && magic[0] != 'B')) return fail("it is no PPM or BMP picture");
  is_bmp_ = magic[0] == 'B';
  if (is_bmp_ ? magic[1] != 'M' : magic[1] < '1' || magic[1] > '7') {
    return fail("it is no PPM or BMP picture");
  }
  if (!is_bmp_ && magic[1] != '6') {
    return fail(std::string("its mode is P") + magic[1] + ", not P6 (binary, in colours)");
  }
  return (is_bmp_ ? open_bmp() : open_ppm()) && check(data_, file_bytes);
}

bool PictureFile::open_ppm() {
  uint32_t largest = 0;
  if (!ppm_number(&width_) || !ppm_number(&height_) || !ppm_number(&largest)) {
    return fail("its PPM header is damaged");
  }
  if (largest != 255) return fail("its mode is not 8 bits a colour");
  data_ = static_cast<uint64_t>(file_.tellg());
  row_bytes_ = uint64_t{width_} * 3;
  return true;
}

bool PictureFile::open_bmp() {
  uint8_t header[kBmpHeader] = {};
  file_.seekg(0);
  file_.read(reinterpret_cast<char *>(header), sizeof(header));
  if (!file_ || number_at(header + 14, 4) < 40) return fail("its BMP header is damaged");
  if (number_at(header + 28, 2) != 24 || number_at(header + 30, 4) != 0) {
    return fail("its mode is not 24 bits a pixel, uncompressed");
  }
  width_ = number_at(header + 18, 4);
  height_ = number_at(header + 22, 4);
  bottom_up_ = height_ < 0x80000000u;
  if (!bottom_up_) height_ = 0u - height_;
  data_ = number_at(header + 10, 4);
  row_bytes_ = (uint64_t{width_} * 3 + 3) / 4 * 4;
  return true;
}

// Reads a number of a PPM header, with the white space and the comments before it, and what ends it.
bool PictureFile::ppm_number(uint32_t *number) {
  int next = file_.get();
  while (next == ' ' || (next >= '\t' && next <= '\r') || next == '#') {
    while (next == '#' && file_ && file_.get() != '\n') {
    }
    next = file_.get();
  }
  uint64_t value = 0;
  if (next < '0' || next > '9') return false;
  for (; next >= '0' && next <= '9'; next = file_.get()) {
    value = std::min<uint64_t>(value * 10 + static_cast<uint64_t>(next - '0'), UINT32_MAX);
  }
  *number = static_cast<uint32_t>(value);
  return next == ' ' || (next >= '\t' && next <= '\r');
}

bool PictureFile::check(uint64_t data, uint64_t file_bytes) {
  const uint32_t most = ImageScaler::kMaxSource;
  if (width_ == 0 || height_ == 0 || width_ > most || height_ > most) {
    return fail("its size is " + std::to_string(width_) + " x " + std::to_string(height_),
                "pictures have 1 to " + std::to_string(most) + " pixels in each direction");
  }
  const uint64_t expected = data + row_bytes_ * height_;
  if (file_bytes < expected) {
    return fail("it is truncated: " + std::to_string(file_bytes) + " bytes of " + std::to_string(expected),
                "copy or convert it again");
  }
  row_.resize(row_bytes_);
  return true;
}

bool PictureFile::next_row() {
  const uint64_t row = bottom_up_ ? height_ - 1 - next_ : next_;
  next_++;
  file_.seekg(static_cast<std::streamoff>(data_ + row * row_bytes_));
  file_.read(reinterpret_cast<char *>(row_.data()), static_cast<std::streamsize>(row_bytes_));
  return file_ ? true : fail("it cannot be read to its end", "copy or convert it again");
}

bool PictureFile::fail(const std::string &error, const std::string &hint) {
  error_ = error;
  hint_ = hint.empty() ? "with Pillow: Image.open(file).convert(\"RGB\").save(\"name.ppm\")" : hint;
  return false;
}

}  // namespace aiedge
