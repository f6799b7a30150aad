// Tensors on the command line, for tests: reads lines "TYPE SCALE ZERO_POINT REAL" and prints what a tensor
// of integers makes of the number: the stored value and the number that get() returns.
#include "Tensor.h"

#include <stdio.h>

#include "StaticInputProvider.h"

using aiedge::Tensor;
using aiedge::TensorType;

// Without the notes on the student's main.cpp, which need a clock and a lamp.
bool aiedge::InputProvider::read(Tensor &input) { return next(input); }

namespace {

// Ends the program with the number of the line that fails; not an assert(), which -DNDEBUG removes.
#define EXPECT(condition) \
  if (!(condition)) return __LINE__ % 256

int check_edges() {
  int8_t stored[2] = {1, 2};
  Tensor tensor{stored, 2, TensorType::kInt8, 0.5f, -3};
  EXPECT(tensor.bytes() == 2);
  tensor.set(2, 9.0f);  // beyond the end: nothing happens
  EXPECT(tensor.get(2) == 0.0f && stored[0] == 1 && stored[1] == 2);

  float reals[2] = {};
  Tensor floats{reals, 2, TensorType::kFloat32, 1.0f, 0};
  floats.set(1, 0.3f);
  EXPECT(floats.bytes() == 8 && floats.get(1) == 0.3f && reals[0] == 0.0f);

  const float table[2][2] = {{1, 2}, {3, 4}};
  aiedge::StaticInputProvider provider(table[0], 2, 2);
  EXPECT(provider.read(floats) && reals[0] == 1.0f && reals[1] == 2.0f);
  EXPECT(provider.read(floats) && reals[0] == 3.0f && reals[1] == 4.0f);
  EXPECT(!provider.read(floats));

  Tensor none;
  none.set(0, 1.0f);
  EXPECT(none.get(0) == 0.0f && none.bytes() == 0);
  return 0;
}

}  // namespace

int main() {
  if (const int line = check_edges()) return line;
  float scale = 0, real = 0;
  int type = 0, zero_point = 0;
  while (scanf("%d %f %d %f", &type, &scale, &zero_point, &real) == 4) {
    int32_t stored = 0;  // of which a type may take fewer bytes, the lowest
    Tensor tensor{&stored, 1, static_cast<TensorType>(type), scale, zero_point};
    tensor.set(0, real);
    switch (tensor.type) {
      case TensorType::kInt8:
        stored = static_cast<int8_t>(stored);
        break;
      case TensorType::kInt16:
        stored = static_cast<int16_t>(stored);
        break;
      default:
        break;
    }
    const double found = static_cast<double>(tensor.get(0));
    printf("%d %zu %.9g\n", static_cast<int>(stored), tensor.bytes(), found);
  }
  return 0;
}
