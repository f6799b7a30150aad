// A car classifier on a board: MobileNetV1 says whether a picture shows a car.
//
// The firmware takes a picture, runs the network, lights the red LED for a car, and reports the result.
// The pictures come from your computer over the serial port, or from the camera; on this computer a folder
// of pictures takes the camera's place. Six pieces are yours to write; app_main() at the end of the file
// puts them together.
//
//     pio run -e host -t exec                                    try it on this computer
//     pio run -e esp-eye -t upload                               put it on the board
//     pio run -e host-camera -t exec -a "--images FOLDER"        classify the PPM and BMP files of a folder
//     pio run -e esp-eye-camera -t upload -t monitor             classify what the board's camera sees
//     pio run -e esp-eye-stream -t upload                        row by row: no picture is kept
//
// Four things that Python does not have:
//     bool, uint32_t, float    a variable's type stands before its name: true or false, a whole number
//                              from 0 to 4,294,967,295, a real number; const before it: it stays as it is
//     uint32_t &time_us        with &, the variable is the caller's own: it finds there what you store
//     now_us();                a statement ends with a semicolon
//     static bool f() { ... }  a function that returns a bool; its body stands in braces and ends with
//                              return ...;

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
// Hint: if (use_camera) return ...; returns one of the two, and the line after it the other.
static InputProvider &choose_provider(bool use_camera) {
  static CameraImageProvider camera(96, 96);             // width, height
  static SerialImageProvider serial(96, 96, 3, 115200);  // width, height, channels, bits per second
  todo(1, "choose where the pictures come from");
}

// TODO 2: Make the picture brighter: add the brightness to every number of the input, and keep the sum
// between 0 and 1.
//     float input.get(size_t index)             reads a number; an int8 network's, too, as a real one
//     void input.set(size_t index, float real)  stores one
//     float fminf(float a, float b)             the smaller of two; fmaxf() is the larger
// Hint: fminf(x, 1.0f) is at most 1, fmaxf(x, 0.0f) at least 0. Store what comes out at the same place i.
static void preprocess(Tensor &input, float brightness) {
  for (size_t i = 0; i < input.count; i++) {
    todo(2, "make the picture brighter");
  }
}

// TODO 3: Run the network, and keep in done whether that has worked. The time around it is measured already.
//     bool model.invoke()                       runs the network; false where that fails
// Hint: done = ...; stores in the variable of that name.
static bool run_network(uint32_t &time_us) {
  const uint32_t start = now_us();
  bool done = false;
  todo(3, "run the network");
  time_us = now_us() - start;
  return done;
}

// TODO 4: Tell whether the network has seen a car: its only output, a probability, is above the threshold.
//     const Tensor &model.output()              the tensor that the network writes
//     float Tensor::get(size_t index)           a number of a tensor, the first at index 0
// Hint: a comparison is a bool, as in Python.
static bool is_car(float threshold) {
  todo(4, "compare the output with the threshold");
}

// TODO 5: Light the LED for a car, and switch it off for anything else.
//     void set_led(bool on)                     true switches the light on, false off
// Hint: it takes a bool, and car is one.
static void show(bool car) {
  todo(5, "light the LED");
}

// TODO 6: Report the output and the time.
//     void port.write_result(const Tensor &output, uint32_t time_us)   sends both to the computer
// Hint: void means that it returns nothing; the tensor is model.output().
static void report(uint32_t time_us) {
  todo(6, "report the result");
}

// Tries preprocess() on three numbers, so that you see what yours does.
static void try_brightness(float brightness) {
  float numbers[] = {0.0f, 0.5f, 0.9f};
  Tensor tensor;
  tensor.data = numbers;
  tensor.count = 3;
  tensor.type = TensorType::kFloat32;
  preprocess(tensor, brightness);
  print("0.00 0.50 0.90, brighter by %.2f: %.2f %.2f %.2f\n", static_cast<double>(brightness),
        static_cast<double>(numbers[0]), static_cast<double>(numbers[1]), static_cast<double>(numbers[2]));
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
    show(car);
    report(time_us);
  }
}

extern "C" void app_main(void) {
  if (!model.begin()) return;
  print("%s, %s, with %u bytes of arena, on %s\n", Model::name(), Model::runtime(), Model::arena_bytes(),
        target_name());
  InputProvider &pictures = choose_provider(kUseCamera);
  try_brightness(0.25f);
  try_brightness(-0.25f);
  ConstantInputProvider grey(0.5f);  // a first try
  run(grey);
  run(pictures);
}
