// Declarations for tests; see README.md.
#pragma once

#include "tensorflow/lite/micro/micro_interpreter.h"

namespace tflite {

template <unsigned int count>
class MicroMutableOpResolver : public MicroOpResolver {
 public:
  TfLiteStatus AddDequantize();
  TfLiteStatus AddFullyConnected();
  TfLiteStatus AddLogistic();
  TfLiteStatus AddQuantize();
  TfLiteStatus AddRelu();
  TfLiteStatus AddReshape();
  TfLiteStatus AddTanh();
};

}  // namespace tflite
