// Inputs from a table of real numbers, row by row.
#ifndef AIEDGE_STATIC_INPUT_PROVIDER_H_
#define AIEDGE_STATIC_INPUT_PROVIDER_H_

#include "InputProvider.h"

namespace aiedge {

class StaticInputProvider : public InputProvider {
 public:
  // `values` holds rows x columns numbers and must outlive the provider.
  StaticInputProvider(const float *values, size_t rows, size_t columns)
      : next_(values), rows_(rows), columns_(columns) {}

 private:
  bool next(Tensor &input) override {
    if (rows_ == 0) return false;
    for (size_t i = 0; i < columns_; i++) input.set(i, next_[i]);
    next_ += columns_;
    rows_--;
    return true;
  }

  const float *next_;
  size_t rows_;
  const size_t columns_;
};

}  // namespace aiedge

#endif  // AIEDGE_STATIC_INPUT_PROVIDER_H_
