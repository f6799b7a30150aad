// The same from C++: compile build/xormodel.c as C, and this file as C++17.
#include <cstdio>

#include "xormodel.h"

namespace {

alignas(XORMODEL_ARENA_ALIGNMENT) uint8_t arena[XORMODEL_ARENA_BYTES];

int8_t quantize(float real) {
  return static_cast<int8_t>(real / XORMODEL_INPUT_SCALE + XORMODEL_INPUT_ZERO_POINT);
}

}  // namespace

int main() {
  for (int a = 0; a < 2; a++) {
    for (int b = 0; b < 2; b++) {
      const int8_t input[XORMODEL_INPUT_COUNT] = {quantize(static_cast<float>(a)),
                                                  quantize(static_cast<float>(b))};
      int8_t output[XORMODEL_OUTPUT_COUNT];
      if (xormodel_invoke(input, output, arena)) {
        return 1;
      }
      const float real = XORMODEL_OUTPUT_SCALE * static_cast<float>(output[0] - XORMODEL_OUTPUT_ZERO_POINT);
      std::printf("%d xor %d = %.3f\n", a, b, static_cast<double>(real));
    }
  }
}
