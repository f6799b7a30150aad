// A tensor: a flat array of numbers that the network reads or writes.
//
// A tensor of integers stores real = scale * (stored - zero_point); get() and set() convert, so a sketch
// can speak in real numbers. Nothing is allocated here: `data` belongs to the model.
//
// A network that was compiled with streaming takes its input row by row and keeps no whole picture. Then
// `data` holds one row, and set() hands the row over with its last number: the numbers must be set in order.
#ifndef AIEDGE_TENSOR_H_
#define AIEDGE_TENSOR_H_

#include <math.h>
#include <stddef.h>
#include <stdint.h>

namespace aiedge {

// The values are the type codes of the serial protocol.
enum class TensorType : uint8_t { kInt8 = 0, kFloat32 = 1, kUint8 = 2, kInt16 = 3, kInt32 = 4 };

struct Tensor;

// Takes an input row by row.
class RowSink {
 public:
  // A row's buffer has room for so many bytes more: what comes early waits there.
  static constexpr size_t kAhead = 1024;

  // Takes the row in the buffer. Row 0 begins a new input; any other must be the next one.
  virtual void take(size_t row) = 0;

  // Sets what changes each row before the network takes it.
  virtual void on_row(void (*change)(Tensor &row)) = 0;

  // Returns how long the network has worked on the rows of this input, in microseconds.
  virtual uint32_t time_us() const = 0;

 protected:
  ~RowSink() = default;
};

struct Tensor {
  void *data = nullptr;
  size_t count = 0;  // elements
  TensorType type = TensorType::kInt8;
  float scale = 1.0f;
  int32_t zero_point = 0;
  RowSink *rows = nullptr;  // where the network takes this input row by row
  size_t row_count = 0;     // elements of a row, there

  size_t bytes() const { return count * element_bytes(); }
  size_t row_bytes() const { return row_count * element_bytes(); }
  size_t element_bytes() const {
    if (type == TensorType::kInt16) return 2;
    return type == TensorType::kInt8 || type == TensorType::kUint8 ? 1 : 4;
  }

  // Has each row changed before the network takes it; false for a tensor that is kept as a whole, which
  // can be changed as a whole.
  bool on_row(void (*change)(Tensor &row)) {
    if (rows == nullptr) return false;
    rows->on_row(change);
    return true;
  }

  // Returns an element as a real number; 0 beyond the end, and where rows are not kept.
  float get(size_t index) const {
    if (index >= count || rows != nullptr) return 0.0f;
    if (type == TensorType::kFloat32) return static_cast<const float *>(data)[index];
    return scale * (stored(index) - static_cast<float>(zero_point));
  }

  // Stores a real number as the tensor can hold it; does nothing beyond the end.
  void set(size_t index, float real) {
    if (type == TensorType::kFloat32) {
      store<float>(index, real);
    } else {
      store_integer(index, quantize(real));
    }
  }

  // The same for a value as it is stored, of the tensor's own type.
  template <typename Value>
  void store(size_t index, Value value) {
    if (index >= count) return;
    const size_t place = rows == nullptr ? index : index % row_count;
    static_cast<Value *>(data)[place] = value;
    if (rows != nullptr && place + 1 == row_count) rows->take(index / row_count);
  }

  // The same for an integer that the tensor's type has.
  void store_integer(size_t index, int32_t value) {
    if (type == TensorType::kInt8) store<int8_t>(index, static_cast<int8_t>(value));
    if (type == TensorType::kUint8) store<uint8_t>(index, static_cast<uint8_t>(value));
    if (type == TensorType::kInt16) store<int16_t>(index, static_cast<int16_t>(value));
    if (type == TensorType::kInt32) store<int32_t>(index, value);
  }

  // Returns the stored value nearest to a real number: half away from zero, then clamped, as TFLM
  // does. NaN becomes the zero point.
  int32_t quantize(float real) const {
    if (isnan(real)) real = 0.0f;
    const float nearest = roundf(real / scale) + static_cast<float>(zero_point);
    // Clamped as a float: an integer may be too small for what a large input becomes.
    float low = INT8_MIN, high = INT8_MAX;
    if (type == TensorType::kUint8) low = 0.0f, high = UINT8_MAX;
    if (type == TensorType::kInt16) low = INT16_MIN, high = INT16_MAX;
    if (type == TensorType::kInt32) low = -2147483648.0f, high = 2147483520.0f;  // what float has below 2^31
    return static_cast<int32_t>(fminf(fmaxf(nearest, low), high));
  }

 private:
  float stored(size_t index) const {
    if (type == TensorType::kInt8) return static_cast<const int8_t *>(data)[index];
    if (type == TensorType::kUint8) return static_cast<const uint8_t *>(data)[index];
    if (type == TensorType::kInt16) return static_cast<const int16_t *>(data)[index];
    return static_cast<float>(static_cast<const int32_t *>(data)[index]);
  }
};

}  // namespace aiedge

#endif  // AIEDGE_TENSOR_H_
