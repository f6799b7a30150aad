// A picture in a file, read row by row: binary PPM (P6), and BMP with 24 bits a pixel, uncompressed.
#ifndef AIEDGE_HOST_PICTURE_FILE_H_
#define AIEDGE_HOST_PICTURE_FILE_H_

#include <stdint.h>

#include <fstream>
#include <string>
#include <vector>

#include "image.h"

namespace aiedge {

class PictureFile {
 public:
  // Opens a file and reads its header; false, with error() and hint(), for what is no such picture.
  bool open(const std::string &path);

  uint32_t width() const { return width_; }
  uint32_t height() const { return height_; }

  // Reads the next row from the top; false, with error(), where the file cannot be read.
  bool next_row();
  Pixel pixel(size_t x) const {
    const uint8_t *at = row_.data() + 3 * x;
    return is_bmp_ ? Pixel{at[2], at[1], at[0]} : Pixel{at[0], at[1], at[2]};
  }

  const std::string &error() const { return error_; }
  const std::string &hint() const { return hint_; }

 private:
  bool open_ppm();
  bool open_bmp();
  bool ppm_number(uint32_t *number);
  bool check(uint64_t data, uint64_t file_bytes);
  bool fail(const std::string &error, const std::string &hint = "");

  std::ifstream file_;
  bool is_bmp_ = false;
  bool bottom_up_ = false;
  uint32_t width_ = 0, height_ = 0, next_ = 0;
  uint64_t data_ = 0;  // where the pixels begin
  uint64_t row_bytes_ = 0;
  std::vector<uint8_t> row_;
  std::string error_, hint_;
};

}  // namespace aiedge

#endif  // AIEDGE_HOST_PICTURE_FILE_H_
