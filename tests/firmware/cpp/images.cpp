// Firmware that takes square RGB images from the serial line: WIDTH is their width. The tests feed it.
#include "EspSerialPort.h"
#include "SerialImageProvider.h"
#include "clock.h"

using namespace aiedge;

static Model model;
static EspSerialPort port(model);
static SerialImageProvider images(WIDTH, WIDTH, 3, 115200);

extern "C" void app_main(void) {
  if (!model.begin()) return;
  while (images.read(model.input())) {
    const uint32_t start = now_us();
    if (model.invoke()) port.write_result(model.output(), now_us() - start);
  }
}
