// The camera in the browser: the laptop's, a picture file or a drawn scene, as the page has it. While the
// page takes its pictures from the serial line, so does the sketch.
#include "CameraImageProvider.h"
#include "EspSerialPort.h"
#include "page.h"
#include "print.h"

namespace aiedge {
namespace {

constexpr uint32_t kMostPixels = 1024;  // in a row
constexpr uint32_t kPatienceMs = 50;    // then the serial line is looked at

bool in_camera = false;
uint8_t row_data[kMostPixels * 4];

// Shows the page what the network sees; one that takes its input row by row keeps no picture.
void show(const Tensor &input, uint32_t width, uint32_t height) {
  static uint8_t seen[ImageScaler::kMaxOutput * ImageScaler::kMaxOutput * 3];
  if (input.rows != nullptr || input.count > sizeof(seen)) return;
  for (size_t i = 0; i < input.count; i++) seen[i] = static_cast<uint8_t>(input.get(i) * 255.0f + 0.5f);
  page_picture(seen, width, height);
}

}  // namespace

bool waits_for_camera() { return in_camera && page_has_camera(); }

bool CameraImageProvider::next(Tensor &input) {
  in_camera = true;
  uint32_t width = 0, height = 0;
  for (;;) {
    EspSerialPort *const port = EspSerialPort::instance();
    if (port != nullptr && port->read(input)) {
      show(input, width_, height_);
      return true;
    }
    if (page_has_camera() && page_camera_take(&width, &height, kPatienceMs)) break;
  }
  if (width > kMostPixels || !scaler_.begin(width, height, width_, height_, input)) {
    print("error: the network takes no picture of %u x %u\n", unsigned(width_), unsigned(height_));
    return false;
  }
  for (uint32_t row = 0; !scaler_.done(); row++) {
    page_camera_row(row, row_data);
    scaler_.add_row([](size_t x) {
      const uint8_t *const pixel = row_data + 4 * x;
      return Pixel{pixel[0], pixel[1], pixel[2]};
    });
  }
  show(input, width_, height_);
  return true;
}

}  // namespace aiedge
