// Where inputs come from: a table in the firmware, the serial port, a camera.
#ifndef AIEDGE_INPUT_PROVIDER_H_
#define AIEDGE_INPUT_PROVIDER_H_

#include "Tensor.h"

namespace aiedge {

class InputProvider {
 public:
  // Fills the tensor with the next input, waiting for it if need be; false when there are no more. Where the
  // input before got no result, it prints why.
  bool read(Tensor &input);

 protected:
  ~InputProvider() = default;  // providers are static objects: none is deleted through this class

  // What read() does, of one kind of provider.
  virtual bool next(Tensor &input) = 0;
};

}  // namespace aiedge

#endif  // AIEDGE_INPUT_PROVIDER_H_
