// CIFAR-10 on a board: a pruned network in eight bits says which of ten things a picture shows.
//
// The firmware takes a picture of 32 x 32 pixels, runs the network, names the three likeliest classes, and
// reports the network's outputs. The pictures come from your computer over the serial port, or from the
// camera; on this computer a folder of pictures takes the camera's place. Five pieces are yours to write;
// app_main() at the end of the file puts them together.
//
//     pio run -e host -t exec                                    try it on this computer
//     pio run -e esp-eye-compiled -t upload                      put it on the board
//     pio run -e host-camera -t exec -a "--images FOLDER"        classify the PPM and BMP files of a folder
//     pio run -e esp-eye-camera -t upload -t monitor             classify what the board's camera sees
//     pio run -e host-bin -t exec -a "--weights FILE.bin"        weights from a file, not from the program
//     pio run -e esp-eye-bin -t upload                           weights from the board's data partition
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
#include "cifar10.h"
#include "clock.h"
#include "print.h"
#include "report.h"
#include "todo.h"
#include "uart.h"

using namespace aiedge;

static const size_t kTop = 3;  // so many classes are named

// Where the pictures come from. The environments of platformio.ini whose names end in -camera set it.
#ifdef AIEDGE_CAMERA
static const bool kUseCamera = true;
#else
static const bool kUseCamera = false;
#endif

static Model model;
static EspSerialPort port(model);

// TODO 1: Return a CameraImageProvider where use_camera is true, else a SerialImageProvider at 115200 baud.
// The network takes pictures of 32 x 32 pixels with 3 channels.
//     CameraImageProvider(uint32_t width, uint32_t height)
//     SerialImageProvider(unsigned width, unsigned height, unsigned channels, uint32_t baud)
// Hint: static CameraImageProvider camera(32, 32); makes an object that stays when the function ends.
static InputProvider &choose_provider(bool use_camera) {
  static CameraImageProvider camera(32, 32);
  static SerialImageProvider serial(32, 32, 3, 115200);
  if (use_camera) return camera;
  return serial;
}

// TODO 2: Run the network and measure the microseconds that it takes. Return false where it fails.
//     bool model.invoke()               runs the network; false where that fails
//     uint32_t now_us()                 the time by the board's clock, in microseconds
// Hint: the time after minus the time before goes into time_us; keep what invoke() returns until then.
static bool run_network(uint32_t &time_us) {
  const uint32_t start = now_us();
  const bool done = model.invoke();
  time_us = now_us() - start;
  return done;
}

// TODO 3: Turn the network's ten outputs into shares that add up to 1, by the softmax function: e to the
// power of each output, divided by the sum of all ten. Subtract the largest output from each before, so that
// expf() stays in range.
//     float output.get(size_t index)    an output as a real number
//     float expf(float x)               e to the power of x
//     float fmaxf(float a, float b)     the larger of two
// Hint: three loops: for (size_t i = 0; i < kCifar10Count; i++) ... finds the largest, stores each power in
// shares[i] and adds it to a sum, and divides each by the sum: shares[i] /= sum;
static void softmax(const Tensor &output, float shares[kCifar10Count]) {
  float largest = output.get(0), sum = 0;
  for (size_t i = 1; i < kCifar10Count; i++) largest = fmaxf(largest, output.get(i));
  for (size_t i = 0; i < kCifar10Count; i++) sum += shares[i] = expf(output.get(i) - largest);
  for (size_t i = 0; i < kCifar10Count; i++) shares[i] /= sum;
}

// TODO 4: Put the numbers of the three classes with the largest shares into top, the largest first; of
// equal shares the class with the lower number comes first.
//     const float shares[kCifar10Count]    an array: shares[0] to shares[9]; so is top, with kTop of them
// Hint: a class's rank is how many others come before it; where the rank is below kTop, its place is
// top[rank].
static void find_top(const float shares[kCifar10Count], size_t top[kTop]) {
  for (size_t i = 0; i < kCifar10Count; i++) {
    size_t rank = 0;  // classes that come before this one
    for (size_t j = 0; j < kCifar10Count; j++) {
      if (shares[j] > shares[i] || (j < i && shares[j] == shares[i])) rank++;
    }
    if (rank < kTop) top[rank] = i;
  }
}

// TODO 5: Report the network's outputs and the time.
//     void port.write_result(const Tensor &output, uint32_t time_us)   sends both to the computer
// Hint: void means that it returns nothing; the tensor is model.output().
static void report(uint32_t time_us) {
  port.write_result(model.output(), time_us);
}

// Says what the picture shows: "cat 61.2 %, dog 20.1 %, frog 5.0 %".
static void show_top() {
  float shares[kCifar10Count] = {};
  size_t top[kTop] = {};
  softmax(model.output(), shares);
  find_top(shares, top);
  for (size_t i = 0; i < kTop; i++) {
    print("%s%s %.1f %%", i == 0 ? "" : ", ", kCifar10Classes[top[i] % kCifar10Count],
          100.0 * static_cast<double>(shares[top[i] % kCifar10Count]));
  }
  print("   ");
}

// Answers every picture that the provider has. Without a result the computer is told that there is none.
static void run(InputProvider &provider) {
  while (provider.read(model.input())) {
    uint32_t time_us = 0;
    if (!run_network(time_us)) continue;
    show_top();
    report(time_us);
  }
}

extern "C" void app_main(void) {
  model.begin();  // where that fails it says why, and every picture is answered with the reason
  print("%s, %s, with %u bytes of arena, on %s\n", Model::name(), Model::runtime(), Model::arena_bytes(),
        target_name());
  InputProvider &pictures = choose_provider(kUseCamera);
  ConstantInputProvider grey(0.5f);  // a first try
  run(grey);
  print_layers();
  print_memory(model);
  run(pictures);
}
