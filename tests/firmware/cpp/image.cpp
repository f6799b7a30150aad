// Resizes pictures: for each line "source width, height, width, height, type, scale, zero point", and the
// source's RGB bytes after it, writes 1 and the bytes of the tensor, or 0.
#include "image.h"

#include <stdio.h>

#include <vector>

using namespace aiedge;

int main() {
  unsigned source_width, source_height, width, height;
  int type, zero_point;
  float scale;
  static ImageScaler scaler;
  while (scanf("%u %u %u %u %d %f %d", &source_width, &source_height, &width, &height, &type, &scale,
               &zero_point) == 7) {
    getchar();
    const size_t bytes = size_t{source_width} * source_height * 3;
    std::vector<uint8_t> source(bytes > (1u << 26) ? 0 : bytes);  // larger ones are never read
    if (fread(source.data(), 1, source.size(), stdin) != source.size()) return 1;
    std::vector<uint8_t> memory(size_t{width} * height * 3 * sizeof(float));
    Tensor tensor;
    tensor.data = memory.data();
    tensor.count = size_t{width} * height * 3;
    tensor.type = static_cast<TensorType>(type);
    tensor.scale = scale;
    tensor.zero_point = zero_point;
    const bool fits = scaler.begin(source_width, source_height, width, height, tensor);
    putchar(fits);
    if (!fits) continue;
    const uint8_t *row = source.data();
    for (; !scaler.done(); row += 3 * source_width) {
      scaler.add_row([row](size_t x) { return Pixel{row[3 * x], row[3 * x + 1], row[3 * x + 2]}; });
    }
    fwrite(tensor.data, 1, tensor.bytes(), stdout);
  }
  return 0;
}
