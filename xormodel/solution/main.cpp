// XOR on a board: a neural network with 2 inputs and 1 output, in a few kilobytes.
//
// The firmware does one thing over and over: take an input, run the network, report the result. First
// the inputs come from the truth table below, then from your computer over the serial port. Five short
// functions are yours to write; app_main() at the end of the file puts them together.
//
//     pio run -e host -t exec          try it on this computer
//     pio run -e esp-eye -t upload     put it on the board

#include "EspSerialPort.h"
#include "Model.h"
#include "StaticInputProvider.h"
#include "clock.h"
#include "print.h"
#include "todo.h"
#include "uart.h"

using namespace aiedge;

static const float kTruthTable[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};

static Model model;
static EspSerialPort port(model);

// TODO 1: Get the model ready with model.begin(), which returns false where it fails. Return the same.
static bool get_ready() {
  return model.begin();
}

// TODO 2: Let the provider fill model.input(). Its read() returns false when there are no more inputs;
// return the same.
static bool fill_input(InputProvider &provider) {
  return provider.read(model.input());
}

// TODO 3: Run the network with model.invoke(), which returns false where it fails, and measure how long
// it takes: now_us() tells the time in microseconds.
static bool run_network(uint32_t &time_us) {
  const uint32_t start = now_us();
  const bool done = model.invoke();
  time_us = now_us() - start;
  return done;
}

// TODO 4: Read the network's answer: true where the first (and only) number in model.output() is above
// one half. A tensor's get(0) returns its first number.
static bool read_output() {
  return model.output().get(0) > 0.5f;
}

// TODO 5: Report the whole output and the time with port.write_result().
static void report(uint32_t time_us) {
  port.write_result(model.output(), time_us);
}

// Answers every input that the provider has.
static void run(InputProvider &provider) {
  while (fill_input(provider)) {
    // Optional: Add noise to the inputs here. rand() / (RAND_MAX / 2.0f) - 1 from <stdlib.h> is a random
    // number between -1 and 1, and model.input().set(0, x) stores x as the first input. How much noise
    // does it take to flip an answer? Compare with the plot in your notebook.

    const float a = model.input().get(0);  // before the network runs: it may reuse the input's memory
    const float b = model.input().get(1);
    uint32_t time_us = 0;
    if (!run_network(time_us)) continue;
    print("%.2f xor %.2f = %d   ", a, b, read_output());
    report(time_us);
  }
}

extern "C" void app_main(void) {
  if (!get_ready()) return;
  print("%s, %s, with %u bytes of arena, on %s\n", Model::name(), Model::runtime(), Model::arena_bytes(),
        target_name());
  StaticInputProvider truth_table(kTruthTable[0], 4, 2);
  run(truth_table);
  run(port);
}
