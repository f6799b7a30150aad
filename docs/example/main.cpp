// The same from C++: compile build/xormodel.c as C, and this file as C++17.
#include <cstdio>

#include "aiedge_quantize.h"
#include "xormodel.h"

namespace {

alignas(XORMODEL_ARENA_ALIGNMENT) uint8_t arena[XORMODEL_ARENA_BYTES];

void quantize(const float *real, int8_t *input) {
  aiedge_quantize_f32(real, input, XORMODEL_INPUT_COUNT, XORMODEL_INPUT_SCALE, XORMODEL_INPUT_ZERO_POINT);
}

}  // namespace

int main() {
  for (int a = 0; a < 2; a++) {
    for (int b = 0; b < 2; b++) {
      const float bits[XORMODEL_INPUT_COUNT] = {static_cast<float>(a), static_cast<float>(b)};
      int8_t input[XORMODEL_INPUT_COUNT], output[XORMODEL_OUTPUT_COUNT];
      quantize(bits, input);
      if (xormodel_invoke(input, output, arena)) {
        return 1;
      }
      float answer[XORMODEL_OUTPUT_COUNT];
      aiedge_dequantize_int8(output, answer, XORMODEL_OUTPUT_COUNT, XORMODEL_OUTPUT_SCALE,
                             XORMODEL_OUTPUT_ZERO_POINT);
      std::printf("%d xor %d = %.3f\n", a, b, static_cast<double>(answer[0]));
    }
  }
  return 0;
}
