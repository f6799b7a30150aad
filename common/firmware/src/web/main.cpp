// Start and end of the firmware in the browser.
#include <stdlib.h>

#include "Conduct.h"
#include "EspSerialPort.h"
#include "LayerTimes.h"
#include "page.h"
#include "print.h"
#include "stop.h"

extern "C" void app_main(void);

namespace aiedge {

void stop(int status) { exit(status); }

namespace {

constexpr size_t kMostOutputs = 1024;
constexpr size_t kMostLayers = 512;

void show_result(const Tensor &output, uint32_t time_us, uint32_t network_us, uint32_t) {
  static float values[kMostOutputs], layers[kMostLayers];
  const size_t count = output.count < kMostOutputs ? output.count : kMostOutputs;
  for (size_t i = 0; i < count; i++) values[i] = output.get(i);
  const size_t timed = timed_layers() < kMostLayers ? timed_layers() : kMostLayers;
  for (size_t i = 0; i < timed; i++) layers[i] = layer_us(static_cast<unsigned>(i));
  page_result(values, count, time_us, network_us, said(), said_bytes(), layers, timed);
}

}  // namespace
}  // namespace aiedge

int main() {
  aiedge::EspSerialPort::on_result = aiedge::show_result;
  app_main();
  aiedge::settle_input();
  return aiedge::Model::problem() == nullptr ? 0 : 2;  // begin() has said what
}
