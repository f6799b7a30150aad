// Declarations for tests; see README.md.
#pragma once

#include "tensorflow/lite/micro/micro_interpreter.h"

namespace tflite {

class MicroResourceVariables {
 public:
  static MicroResourceVariables *Create(MicroAllocator *allocator, int count);
};

}  // namespace tflite
