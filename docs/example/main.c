// A project of your own with a compiled network: the generated files, the engine's headers, any C11 compiler.
//
//     aiedge compile xormodel/solution/xormodel.cpp -o build
//     cc -O2 -Icommon/aiedge/engine -Ibuild docs/example/main.c build/xormodel.c -o build/xor -lm
//     build/xor
#include <stdio.h>

#include "xormodel.h"

static _Alignas(XORMODEL_ARENA_ALIGNMENT) uint8_t arena[XORMODEL_ARENA_BYTES];

static int8_t quantize(float real) {
  return (int8_t)(real / XORMODEL_INPUT_SCALE + XORMODEL_INPUT_ZERO_POINT);
}

int main(void) {
  for (int a = 0; a < 2; a++) {
    for (int b = 0; b < 2; b++) {
      int8_t input[XORMODEL_INPUT_COUNT] = {quantize((float)a), quantize((float)b)};
      int8_t output[XORMODEL_OUTPUT_COUNT];
      if (xormodel_invoke(input, output, arena)) {
        return 1;
      }
      float real = XORMODEL_OUTPUT_SCALE * (float)(output[0] - XORMODEL_OUTPUT_ZERO_POINT);
      printf("%d xor %d = %.3f\n", a, b, (double)real);
    }
  }
  return 0;
}
