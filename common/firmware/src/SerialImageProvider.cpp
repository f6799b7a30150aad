#include "SerialImageProvider.h"

#include "EspSerialPort.h"
#include "print.h"
#include "stop.h"

namespace aiedge {

bool SerialImageProvider::next(Tensor &input) {
  EspSerialPort *const port = EspSerialPort::instance();
  const size_t values = static_cast<size_t>(width_) * height_ * channels_;
  while (port == nullptr) {
    print("error: SerialImageProvider has no serial port\nhint: define an EspSerialPort in main.cpp\n");
    stop(2);
  }
  while (values != input.count) {
    print("error: SerialImageProvider has images of %ux%ux%u = %u values, the model takes %u\n", width_,
          height_, channels_, static_cast<unsigned>(values), static_cast<unsigned>(input.count));
    print("hint: give it the size of the model's input in main.cpp\n");
    stop(2);
  }
  while (!port->set_base_baud(baud_)) {
    print("error: this board's serial line has no speed of %lu baud\n", static_cast<unsigned long>(baud_));
    print("hint: give SerialImageProvider %lu in main.cpp\n", static_cast<unsigned long>(kBaseBaud));
    stop(2);
  }
  return port->read(input);
}

}  // namespace aiedge
