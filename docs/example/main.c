// A project of your own with a compiled network: the generated files, the engine's headers, any C11 compiler.
//
//     aiedge compile xormodel/solution/xormodel.cpp -o build --engine
//     cc -O2 -Ibuild docs/example/main.c build/xormodel.c -o build/xor -lm
//     build/xor
#include <stdio.h>

#include "aiedge_quantize.h"
#include "xormodel.h"

static _Alignas(XORMODEL_ARENA_ALIGNMENT) uint8_t arena[XORMODEL_ARENA_BYTES];

// Reals to the network's integers: halves are rounded away from zero, what lies outside of int8 is clamped.
static void quantize(const float *real, int8_t *input) {
  aiedge_quantize_f32(real, input, XORMODEL_INPUT_COUNT, XORMODEL_INPUT_SCALE, XORMODEL_INPUT_ZERO_POINT);
}

int main(void) {
  for (int a = 0; a < 2; a++) {
    for (int b = 0; b < 2; b++) {
      const float bits[XORMODEL_INPUT_COUNT] = {(float)a, (float)b};
      int8_t input[XORMODEL_INPUT_COUNT], output[XORMODEL_OUTPUT_COUNT];
      quantize(bits, input);
      if (xormodel_invoke(input, output, arena)) {
        return 1;
      }
      float answer[XORMODEL_OUTPUT_COUNT];
      aiedge_dequantize_int8(output, answer, XORMODEL_OUTPUT_COUNT, XORMODEL_OUTPUT_SCALE,
                             XORMODEL_OUTPUT_ZERO_POINT);
      printf("%d xor %d = %.3f\n", a, b, (double)answer[0]);
    }
  }
  return 0;
}
