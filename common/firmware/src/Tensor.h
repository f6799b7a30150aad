// A tensor: a flat array of numbers that the network reads or writes.
//
// An int8 tensor stores real = scale * (stored - zero_point); get() and set() convert, so a sketch
// can speak in real numbers. Nothing is allocated here: `data` belongs to the model.
#ifndef AIEDGE_TENSOR_H_
#define AIEDGE_TENSOR_H_

#include <math.h>
#include <stddef.h>
#include <stdint.h>

namespace aiedge {

// The values are the type codes of the serial protocol.
enum class TensorType : uint8_t { kInt8 = 0, kFloat32 = 1 };

struct Tensor {
  void *data = nullptr;
  size_t count = 0;  // elements
  TensorType type = TensorType::kInt8;
  float scale = 1.0f;
  int32_t zero_point = 0;

  size_t bytes() const { return type == TensorType::kInt8 ? count : count * sizeof(float); }

  // Returns an element as a real number; 0 beyond the end.
  float get(size_t index) const {
    if (index >= count) return 0.0f;
    if (type == TensorType::kFloat32) return static_cast<const float *>(data)[index];
    const int32_t stored = static_cast<const int8_t *>(data)[index];
    return scale * static_cast<float>(stored - zero_point);
  }

  // Stores a real number as the tensor can hold it; does nothing beyond the end.
  void set(size_t index, float real) {
    if (index >= count) return;
    if (type == TensorType::kFloat32) {
      static_cast<float *>(data)[index] = real;
    } else {
      static_cast<int8_t *>(data)[index] = quantize(real);
    }
  }

  // Returns the stored value nearest to a real number: half away from zero, then clamped, as TFLM
  // does. NaN becomes the zero point.
  int8_t quantize(float real) const {
    if (isnan(real)) real = 0.0f;
    const float stored = roundf(real / scale) + static_cast<float>(zero_point);
    // Clamped as a float: an integer may be too small for what a large input becomes.
    return static_cast<int8_t>(fminf(fmaxf(stored, INT8_MIN), INT8_MAX));
  }
};

}  // namespace aiedge

#endif  // AIEDGE_TENSOR_H_
