#include "report.h"

#include "LayerTimes.h"
#include "print.h"
#include "uart.h"

namespace aiedge {

void print_bytes(const char *name, size_t bytes, const char *note) {
  print("  %-20s %10lu bytes%s%s\r\n", name, static_cast<unsigned long>(bytes), *note == '\0' ? "" : ", ",
        note);
}

void print_memory(Model &model) {
  end_line();
  print("memory, on %s\r\n", target_name());
  print_bytes("arena", Model::arena_bytes());
  // Where the network takes its input row by row, there is a row, and room for what comes early.
  const Tensor &input = model.input();
  const size_t kept = input.rows == nullptr ? input.bytes() : input.row_bytes() + RowSink::kAhead;
  print_bytes(input.rows == nullptr ? "input and output" : "row and output", kept + model.output().bytes());
  print_bytes("weights and tables", Model::weight_bytes(),
              Model::loads_weights() ? "apart from the program" : "in the program");
  print_target_memory();
}

void print_layers() {
  float all = 0.0f;
  for (unsigned i = 0; i < timed_layers(); i++) {
    if (layer_us(i) > 0.0f) all += layer_us(i);
  }
  if (all <= 0.0f) return;
  end_line();
  const unsigned long runs = timed_runs();
  print("time per layer, mean of %lu run%s, by the clock of %s\r\n", runs, runs == 1 ? "" : "s",
        target_name());
  for (unsigned i = 0; i < timed_layers(); i++) {
    const float us = layer_us(i);
    if (us < 0.0f) continue;
    print("  %-28s %10.1f us %5.1f %%\r\n", layer_name(i), static_cast<double>(us),
          static_cast<double>(100.0f * us / all));
  }
  print("  %-28s %10.1f us\r\n", "all", static_cast<double>(all));
}

}  // namespace aiedge
