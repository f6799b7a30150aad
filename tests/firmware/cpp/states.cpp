// Runs a network with state on frames from the standard input, and begins anew behind every fifth of them.
#include <stdio.h>

#include "Model.h"

extern "C" void app_main(void) {
  aiedge::Model model;
  if (!model.begin()) return;
  aiedge::Tensor &input = model.input();
  for (int frame = 1; fread(input.data, 1, input.bytes(), stdin) == input.bytes(); frame++) {
    if (!model.invoke()) return;
    fwrite(model.output().data, 1, model.output().bytes(), stdout);
    if (frame % 5 == 0 && !model.reset()) return;
  }
}
