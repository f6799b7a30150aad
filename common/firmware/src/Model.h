// The neural network behind one class, whichever runtime executes it.
//
// CompiledModel.cpp runs the C code that `aiedge compile` wrote from the model file; TflmModel.cpp
// interprets the same file with TensorFlow Lite Micro. Both give the same bits. EspdlModel.cpp runs the
// file that `aiedge espdl` wrote with ESP-DL, whose arithmetic is another one. The environment in
// platformio.ini picks one.
//
//     if (!model.begin()) return;
//     model.input().set(0, 1.0f);
//     if (model.invoke()) print("%f\n", model.output().get(0));
#ifndef AIEDGE_MODEL_H_
#define AIEDGE_MODEL_H_

#include "Tensor.h"

namespace aiedge {

class Model {
 public:
  // Gets the network ready; false (and a line of text that says why) where it cannot be. A network without
  // its weights has an input and an output all the same.
  bool begin();

  // Valid after begin(). Fill all of the input before every invoke(): its memory is used again.
  Tensor &input() { return input_; }
  const Tensor &output() const { return output_; }

  // Runs the network once; false where it failed or begin() has not succeeded.
  bool invoke();

  // Gives what the network keeps from one run to the next its first values, as begin() does: another sequence
  // of inputs begins. False where it failed. Most networks keep nothing.
  bool reset();

  // Why begin() has not succeeded, in a few words; null where it has.
  static const char *problem();

  static const char *name();       // of the project: "xormodel"
  static const char *sha256();     // of the .tflite or .espdl file: kHashBytes bytes in hexadecimal
  static const char *runtime();    // "compiled", "tflm" or "espdl"
  static unsigned arena_bytes();   // working memory in use; known after begin(), of compiled C before
  static unsigned weight_bytes();  // constants: weights and tables; for the others the whole file
  static bool loads_weights();     // whether the weights are apart from the program

  static constexpr size_t kHashBytes = 32;

 private:
  bool run();  // invoke(), of one runtime

  Tensor input_;
  Tensor output_;
};

}  // namespace aiedge

#endif  // AIEDGE_MODEL_H_
