// Images that the computer sends over the serial line.
//
//     static EspSerialPort port(model);                          // carries images in and results out
//     static SerialImageProvider images(96, 96, 3, 115200);
//     while (images.read(model.input())) ... port.write_result(model.output(), time_us);
//
// An image arrives as the network takes it, in its type, row by row, the channels of a pixel together.
#ifndef AIEDGE_SERIAL_IMAGE_PROVIDER_H_
#define AIEDGE_SERIAL_IMAGE_PROVIDER_H_

#include "InputProvider.h"
#include "serial_protocol.h"

namespace aiedge {

class SerialImageProvider : public InputProvider {
 public:
  // `baud` is the speed at which the line starts; the computer may ask for a higher one.
  SerialImageProvider(unsigned width, unsigned height, unsigned channels, uint32_t baud = kBaseBaud)
      : width_(width), height_(height), channels_(channels), baud_(baud) {}

 private:
  // Waits for the next image. Where the sketch and the model do not fit, it says so and stops.
  bool next(Tensor &input) override;

  const unsigned width_;
  const unsigned height_;
  const unsigned channels_;
  const uint32_t baud_;
};

}  // namespace aiedge

#endif  // AIEDGE_SERIAL_IMAGE_PROVIDER_H_
