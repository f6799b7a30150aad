// Model interpreted by TensorFlow Lite Micro, from the .tflite file in the C array.
#ifdef AIEDGE_RUNTIME_TFLM

#include <new>

#include "Model.h"
#include "aiedge_model.h"
#include "build.h"
#include "print.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/micro_resource_variable.h"
#include "tensorflow/lite/micro/system_setup.h"
#include "tensorflow/lite/schema/schema_generated.h"

// What the interpreter may use; platformio.ini sets it. Model::arena_bytes() tells what it does use.
#ifndef AIEDGE_TFLM_ARENA_BYTES
#define AIEDGE_TFLM_ARENA_BYTES (8 * 1024)
#endif

namespace aiedge {
namespace {

using Resolver = tflite::MicroMutableOpResolver<AIEDGE_MODEL_OPERATOR_COUNT>;

AIEDGE_BUFFER uint8_t arena[AIEDGE_TFLM_ARENA_BYTES];
tflite::MicroInterpreter *interpreter = nullptr;
alignas(tflite::MicroInterpreter) uint8_t interpreter_memory[sizeof(tflite::MicroInterpreter)];
const char *the_problem = "begin() has not been called";

bool type_of(TfLiteType from, TensorType *to) {
  switch (from) {
    case kTfLiteInt8:
      *to = TensorType::kInt8;
      return true;
    case kTfLiteUInt8:
      *to = TensorType::kUint8;
      return true;
    case kTfLiteInt16:
      *to = TensorType::kInt16;
      return true;
    case kTfLiteInt32:
      *to = TensorType::kInt32;
      return true;
    case kTfLiteFloat32:
      *to = TensorType::kFloat32;
      return true;
    default:
      return false;
  }
}

// Describes one of the interpreter's tensors; false for a type that this library does not carry.
bool describe(TfLiteTensor *from, Tensor *to) {
  if (from == nullptr || !type_of(from->type, &to->type)) return false;
  to->data = from->data.data;
  to->count = from->bytes / to->element_bytes();
  to->scale = from->params.scale;
  to->zero_point = from->params.zero_point;
  return true;
}

bool fail(const char *why) {
  print("error: %s\n", why);
  the_problem = why;
  interpreter = nullptr;
  return false;
}

// A new interpreter in the place of the old one: what it keeps from run to run has its first values.
tflite::MicroInterpreter *make_interpreter(const tflite::Model *model, const Resolver &resolver) {
  static bool there = false;
  void *const place = interpreter_memory;
  if (there) static_cast<tflite::MicroInterpreter *>(place)->~MicroInterpreter();
  there = true;
#ifdef AIEDGE_MODEL_VARIABLES
  tflite::MicroAllocator *const allocator = tflite::MicroAllocator::Create(arena, sizeof(arena));
  return new (place) tflite::MicroInterpreter(
      model, resolver, allocator, tflite::MicroResourceVariables::Create(allocator, AIEDGE_MODEL_VARIABLES));
#else
  return new (place) tflite::MicroInterpreter(model, resolver, arena, sizeof(arena));
#endif
}

}  // namespace

bool Model::begin() {
  tflite::InitializeTarget();
  const tflite::Model *model = tflite::GetModel(AIEDGE_MODEL_DATA);
  if (model->version() != TFLITE_SCHEMA_VERSION) return fail("the model has another schema version");

  // Made on the first call and never destroyed: it must outlive every invoke().
  static Resolver resolver;
  static bool resolver_is_filled = false;
  if (!resolver_is_filled) {
    AIEDGE_MODEL_ADD_OPERATORS(resolver);
    resolver_is_filled = true;
  }
  interpreter = make_interpreter(model, resolver);
  if (interpreter->AllocateTensors() != kTfLiteOk) {
    return fail("the arena is too small; raise AIEDGE_TFLM_ARENA_BYTES in platformio.ini");
  }
  if (!describe(interpreter->input(0), &input_) || !describe(interpreter->output(0), &output_)) {
    return fail("the model's input and output must be int8, uint8, int16, int32 or float32");
  }
  the_problem = nullptr;
  return true;
}

bool Model::reset() {
#ifdef AIEDGE_MODEL_STATE_BYTES
  return interpreter != nullptr && begin();
#else
  return interpreter != nullptr;
#endif
}

bool Model::invoke() { return interpreter != nullptr && interpreter->Invoke() == kTfLiteOk; }

const char *Model::problem() { return the_problem; }

const char *Model::name() { return AIEDGE_PROJECT; }
const char *Model::sha256() { return AIEDGE_MODEL_SHA256; }
const char *Model::runtime() { return "tflm"; }
unsigned Model::arena_bytes() {
  return interpreter == nullptr ? 0 : static_cast<unsigned>(interpreter->arena_used_bytes());
}
unsigned Model::weight_bytes() { return AIEDGE_MODEL_DATA_LEN; }
bool Model::loads_weights() { return false; }

}  // namespace aiedge

#endif  // AIEDGE_RUNTIME_TFLM
