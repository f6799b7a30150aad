// One input with the same number everywhere, such as a grey picture: a first try of a network.
#ifndef AIEDGE_CONSTANT_INPUT_PROVIDER_H_
#define AIEDGE_CONSTANT_INPUT_PROVIDER_H_

#include "InputProvider.h"

namespace aiedge {

class ConstantInputProvider : public InputProvider {
 public:
  explicit ConstantInputProvider(float value) : value_(value) {}

 private:
  // Fills the input, the first time.
  bool next(Tensor &input) override {
    if (given_) return false;
    given_ = true;
    for (size_t i = 0; i < input.count; i++) input.set(i, value_);
    return true;
  }

  const float value_;
  bool given_ = false;
};

}  // namespace aiedge

#endif  // AIEDGE_CONSTANT_INPUT_PROVIDER_H_
