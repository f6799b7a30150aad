// Model as straight C code: what `aiedge compile` wrote, with every buffer placed ahead of time.
#ifdef AIEDGE_RUNTIME_COMPILED

#include "Model.h"
#include "aiedge_model.h"
#include "build.h"
#include AIEDGE_MODEL_HEADER

namespace aiedge {
namespace {

AIEDGE_BUFFER AIEDGE_MODEL_INPUT_TYPE input_data[AIEDGE_MODEL_INPUT_COUNT];
AIEDGE_BUFFER AIEDGE_MODEL_OUTPUT_TYPE output_data[AIEDGE_MODEL_OUTPUT_COUNT];
AIEDGE_BUFFER uint8_t arena[AIEDGE_MODEL_ARENA_BYTES + 1];  // + 1: an array cannot be empty

}  // namespace

bool Model::begin() {
  input_ = {input_data, AIEDGE_MODEL_INPUT_COUNT,
            AIEDGE_MODEL_INPUT_IS_INT8 ? TensorType::kInt8 : TensorType::kFloat32, AIEDGE_MODEL_INPUT_SCALE,
            AIEDGE_MODEL_INPUT_ZERO_POINT};
  output_ = {output_data, AIEDGE_MODEL_OUTPUT_COUNT,
             AIEDGE_MODEL_OUTPUT_IS_INT8 ? TensorType::kInt8 : TensorType::kFloat32,
             AIEDGE_MODEL_OUTPUT_SCALE, AIEDGE_MODEL_OUTPUT_ZERO_POINT};
  return true;
}

bool Model::invoke() {
  if (input_.data == nullptr) return false;
  return AIEDGE_MODEL_INVOKE(input_data, output_data, arena) == 0;
}

const char *Model::name() { return AIEDGE_PROJECT; }
const char *Model::sha256() { return AIEDGE_MODEL_SHA256; }
const char *Model::runtime() { return "compiled"; }
unsigned Model::arena_bytes() { return AIEDGE_MODEL_ARENA_BYTES; }

}  // namespace aiedge

#endif  // AIEDGE_RUNTIME_COMPILED
