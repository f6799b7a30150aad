// XOR on a board: a neural network with 2 inputs and 1 output, in a few kilobytes.
//
// The firmware does one thing over and over: take an input, run the network, report the result. First
// the inputs come from the truth table below, then from your computer over the serial port. Five short
// functions are yours to write; app_main() at the end of the file puts them together.
//
//     pio run -e host -t exec          try it on this computer
//     pio run -e esp-eye -t upload     put it on the board
//
// Four things that Python does not have:
//     bool, uint32_t, float    a variable's type stands before its name: true or false, a whole number
//                              from 0 to 4,294,967,295, a real number; const before it: it stays as it is
//     uint32_t &time_us        with &, the variable is the caller's own: it finds there what you store
//     now_us();                a statement ends with a semicolon
//     static bool f() { ... }  a function that returns a bool; its body stands in braces and ends with
//                              return ...;

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

// TODO 1: Get the model ready, and say whether that has worked.
//     bool model.begin()                  gets the network ready; false where that fails
// Hint: return what model.begin() returns.
static bool get_ready() {
  // BEGIN SOLUTION
  return model.begin();
  // SKELETON todo(1, "get the model ready");
  // END SOLUTION
}

// TODO 2: Take the next input, and say whether there was one.
//     bool provider.read(Tensor &input)   fills a tensor; false when there are no more inputs
//     Tensor &model.input()               the tensor that the network reads
// Hint: return what provider.read() returns for model.input().
static bool fill_input(InputProvider &provider) {
  // BEGIN SOLUTION
  return provider.read(model.input());
  // SKELETON todo(2, "fill the inputs");
  // END SOLUTION
}

// TODO 3: Run the network, measure how many microseconds that takes, and say whether it has worked.
//     bool model.invoke()                 runs the network; false where that fails
//     uint32_t now_us()                   the time by the board's clock, in microseconds
// Hint: keep the time before as const uint32_t start, and what invoke() returns as const bool done; then
// store the difference in time_us, and return done.
static bool run_network(uint32_t &time_us) {
  // BEGIN SOLUTION
  const uint32_t start = now_us();
  const bool done = model.invoke();
  time_us = now_us() - start;
  return done;
  // SKELETON todo(3, "run the network and time it");
  // END SOLUTION
}

// TODO 4: Read the network's answer: true where its only output is above one half.
//     const Tensor &model.output()        the tensor that the network writes
//     float Tensor::get(size_t index)     a number of a tensor: model.output().get(0) is the first
// Hint: a comparison is a bool, as in Python; 0.5f is one half as a float.
static bool read_output() {
  // BEGIN SOLUTION
  return model.output().get(0) > 0.5f;
  // SKELETON todo(4, "read the output");
  // END SOLUTION
}

// TODO 5: Report the output and the time.
//     void port.write_result(const Tensor &output, uint32_t time_us)   sends both to the computer
// Hint: void means that it returns nothing; the tensor is model.output().
static void report(uint32_t time_us) {
  // BEGIN SOLUTION
  port.write_result(model.output(), time_us);
  // SKELETON todo(5, "report the result");
  // END SOLUTION
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
