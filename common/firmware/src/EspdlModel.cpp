// Model run by Espressif's ESP-DL, from the .espdl file in the C array.
#ifdef AIEDGE_RUNTIME_ESPDL

#include <math.h>

#include "Model.h"
#include "aiedge_model.h"
#include "build.h"
#include "dl_model_base.hpp"
#include "print.h"

namespace aiedge {
namespace {

dl::Model *network = nullptr;  // made once and never destroyed: the tensors are its own
unsigned memory_bytes = 0;
const char *the_problem = "begin() has not been called";

bool type_of(dl::dtype_t from, TensorType *to) {
  switch (from) {
    case dl::DATA_TYPE_INT8:
      *to = TensorType::kInt8;
      return true;
    case dl::DATA_TYPE_INT16:
      *to = TensorType::kInt16;
      return true;
    default:
      return false;
  }
}

// Describes the only one of ESP-DL's inputs or outputs; false where there is none, and for a type that it is
// not.
bool describe(const std::map<std::string, dl::TensorBase *> &found, Tensor *to) {
  dl::TensorBase *const from = found.size() == 1 ? found.begin()->second : nullptr;
  if (from == nullptr || !type_of(from->get_dtype(), &to->type)) return false;
  to->data = from->get_element_ptr();
  to->count = static_cast<size_t>(from->get_size());
  to->scale = ldexpf(1.0f, from->get_exponent());  // scales are powers of two
  to->zero_point = 0;
  return to->data != nullptr;
}

bool fail(const char *why) {
  print("error: %s\n", why);
  the_problem = why;
  return false;
}

}  // namespace

bool Model::begin() {
  if (network == nullptr) {
    // Weights stay in the flash, where they are aligned for it: no copy in RAM.
    constexpr bool kCopyWeights = false;
    network =
        new dl::Model(reinterpret_cast<const char *>(AIEDGE_MODEL_DATA), fbs::MODEL_LOCATION_IN_FLASH_RODATA,
                      0, dl::MEMORY_MANAGER_GREEDY, nullptr, kCopyWeights);
  }
  if (!describe(network->get_inputs(), &input_) || !describe(network->get_outputs(), &output_)) {
    return fail("ESP-DL cannot load the model: an operator that it lacks, or too little memory");
  }
  const dl::mem_info_t total = network->get_memory_info()["total"];
  memory_bytes = static_cast<unsigned>(total.internal + total.psram);
  the_problem = nullptr;
  return true;
}

bool Model::reset() { return the_problem == nullptr; }

bool Model::run() {
  if (the_problem != nullptr) return false;
  network->run();
  return true;
}

const char *Model::problem() { return the_problem; }

const char *Model::name() { return AIEDGE_PROJECT; }
const char *Model::sha256() { return AIEDGE_MODEL_SHA256; }
const char *Model::runtime() { return "espdl"; }
unsigned Model::arena_bytes() { return memory_bytes; }
unsigned Model::weight_bytes() { return AIEDGE_MODEL_DATA_LEN; }
bool Model::loads_weights() { return false; }

}  // namespace aiedge

#endif  // AIEDGE_RUNTIME_ESPDL
