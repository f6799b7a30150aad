// Declarations for tests; see README.md.
#pragma once

#include "tensorflow/lite/micro/micro_interpreter.h"

namespace tflite {

// It has the methods of the table, and no other: code that calls one by a wrong name does not compile.
template <unsigned int count>
class MicroMutableOpResolver : public MicroOpResolver {
 public:
#define METHOD(kind, name) TfLiteStatus name();
#include "tflm_methods.inc"
#undef METHOD
};

}  // namespace tflite
