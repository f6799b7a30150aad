// Model as straight C code: what `aiedge compile` wrote, with every buffer placed ahead of time.
#ifdef AIEDGE_RUNTIME_COMPILED

#include <string.h>

#include "Model.h"
#include "aiedge_model.h"
#include "build.h"
#include "hex.h"
#include "print.h"
#include "weights.h"
#include AIEDGE_MODEL_HEADER
// After the headers above:
#include "CompiledRun.h"

namespace aiedge {
namespace {

const char *the_problem = "begin() has not been called";

#ifdef AIEDGE_MODEL_LOAD_WEIGHTS
// Says why weights are refused, by the head of their file: its letters, its layout, the model's hash.
const char *refusal(const Weights &weights) {
  const WeightsHead *const head = static_cast<const WeightsHead *>(weights.data);
  if (weights.bytes < sizeof(*head) || memcmp(head->magic, kWeightsMagic, sizeof(head->magic)) != 0)
    return "there is no file of weights";
  if (head->layout != kPackedWeights) return "the weights are arranged for other programs";
  uint8_t hash[sizeof(head->sha256)];
  read_hex(AIEDGE_MODEL_SHA256, hash, sizeof(hash));
  if (memcmp(head->sha256, hash, sizeof(hash)) != 0) return "the weights are another network's";
  return "the weights are damaged, or of another version of the kit";
}
#endif

// Gets the weights that are apart from the program; returns what is wrong with them, or null.
const char *load_weights() {
#ifdef AIEDGE_MODEL_LOAD_WEIGHTS
  const Weights weights = find_weights(AIEDGE_MODEL_WEIGHTS_BYTES);
  if (weights.data == nullptr) return "there are no weights";
  if (AIEDGE_MODEL_LOAD_WEIGHTS(weights.data, weights.bytes)) return nullptr;
  const char *const problem = refusal(weights);
  print("error: %s\nhint: the build writes the right ones into its folder as model/" AIEDGE_MODEL_NAME
        ".bin; an upload flashes them\n",
        problem);
  return problem;
#else
  return nullptr;
#endif
}

}  // namespace

bool Model::begin() {
  input_ = {input_data, AIEDGE_MODEL_INPUT_COUNT, TensorType::AIEDGE_MODEL_INPUT_TENSOR_TYPE,
            AIEDGE_MODEL_INPUT_SCALE, AIEDGE_MODEL_INPUT_ZERO_POINT};
  output_ = {output_data, AIEDGE_MODEL_OUTPUT_COUNT, TensorType::AIEDGE_MODEL_OUTPUT_TENSOR_TYPE,
             AIEDGE_MODEL_OUTPUT_SCALE, AIEDGE_MODEL_OUTPUT_ZERO_POINT};
  take_rows(input_);
  the_problem = load_weights();
  return reset();
}

bool Model::reset() {
#ifdef AIEDGE_MODEL_RESET
  return the_problem == nullptr && AIEDGE_MODEL_RESET(arena) == AIEDGE_OK;
#else
  return the_problem == nullptr;
#endif
}

bool Model::invoke() { return the_problem == nullptr && run_network(); }

const char *Model::problem() { return the_problem; }

const char *Model::name() { return AIEDGE_PROJECT; }
const char *Model::sha256() { return AIEDGE_MODEL_SHA256; }
const char *Model::runtime() { return "compiled"; }
unsigned Model::arena_bytes() { return AIEDGE_MODEL_ARENA_BYTES; }
unsigned Model::weight_bytes() { return AIEDGE_MODEL_CONSTANT_BYTES; }

bool Model::loads_weights() {
#ifdef AIEDGE_MODEL_LOAD_WEIGHTS
  return true;
#else
  return false;
#endif
}

}  // namespace aiedge

#endif  // AIEDGE_RUNTIME_COMPILED
