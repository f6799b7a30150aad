// A car classifier on a board: MobileNetV1 says whether a picture shows a car.
//
// The firmware takes a picture, runs the network, reports the result, and lights the red LED for a car.
// The pictures come from your computer over the serial port, or from the camera; on this computer a folder
// of pictures takes the camera's place. Six pieces are yours to write; app_main() at the end of the file
// puts them together.
//
//     pio run -e host -t exec                                    try it on this computer
//     pio run -e esp-eye -t upload                               put it on the board
//     pio run -e host-camera -t exec -a "--images FOLDER"        classify the PPM and BMP files of a folder
//     pio run -e esp-eye-camera -t upload -t monitor             classify what the board's camera sees
//     pio run -e esp-eye-stream -t upload                        row by row: no picture is kept

#include <math.h>

#include "CameraImageProvider.h"
#include "ConstantInputProvider.h"
#include "EspSerialPort.h"
#include "Model.h"
#include "SerialImageProvider.h"
#include "clock.h"
#include "led.h"
#include "print.h"
#include "todo.h"
#include "uart.h"

using namespace aiedge;

// Tune these two: an output above the threshold means a car; the brightness is added to every picture.
static const float kThreshold = 0.5f;
static const float kBrightness = 0.0f;

// Where the pictures come from. The environments of platformio.ini whose names end in -camera set it.
#ifdef AIEDGE_CAMERA
static const bool kUseCamera = true;
#else
static const bool kUseCamera = false;
#endif

static Model model;
static EspSerialPort port(model);

// TODO 1: Return the provider that is asked for: the camera or the serial port.
static InputProvider &choose_provider(bool use_camera) {
  static CameraImageProvider camera(96, 96);             // width, height
  static SerialImageProvider serial(96, 96, 3, 115200);  // width, height, channels, bits per second
  todo(1, "choose where the pictures come from");
}

// TODO 2: Make the picture brighter: add the brightness to every number of the input, and keep the sum
// between 0 and 1 with fminf() and fmaxf(). input.get(i) reads a number, input.set(i, x) stores one; both
// convert for an int8 network.
static void preprocess(Tensor &input, float brightness) {
  for (size_t i = 0; i < input.count; i++) {
    todo(2, "make the picture brighter");
  }
}

// TODO 3: Run the network with model.invoke(), which returns false where it fails.
static bool run_network(uint32_t &time_us) {
  const uint32_t start = now_us();
  bool done = false;
  todo(3, "run the network");
  time_us = now_us() - start;
  return done;
}

// TODO 4: Tell whether the network has seen a car: its only output, a probability, is above the threshold.
static bool is_car(float threshold) {
  todo(4, "compare the output with the threshold");
}

// TODO 5: Report the output and the time with port.write_result().
static void report(uint32_t time_us) {
  todo(5, "report the result");
}

// TODO 6: Light the LED for a car with set_led(), and switch it off for anything else.
static void show(bool car) {
  todo(6, "light the LED");
}

// Makes a row brighter: a network that takes its pictures row by row keeps no whole one.
static void brighten(Tensor &row) { preprocess(row, kBrightness); }

// Answers every picture that the provider has.
static void run(InputProvider &provider) {
  const bool by_rows = model.input().on_row(brighten);
  while (provider.read(model.input())) {
    if (!by_rows) preprocess(model.input(), kBrightness);
    uint32_t time_us = 0;
    if (!run_network(time_us)) continue;
    const bool car = is_car(kThreshold);
    print("%s   ", car ? "car" : "no car");
    report(time_us);
    show(car);
  }
}

extern "C" void app_main(void) {
  if (!model.begin()) return;
  print("%s, %s, with %u bytes of arena, on %s\n", Model::name(), Model::runtime(), Model::arena_bytes(),
        target_name());
  InputProvider &pictures = choose_provider(kUseCamera);
  ConstantInputProvider grey(0.5f);  // a first try
  run(grey);
  run(pictures);
}
