// A stand-in for ESP-DL on this computer. Its .espdl file holds two exponents and the answer to every pair of
// int8 inputs, the first one counting the rows: what a real one computes.
#include <string.h>

#include "dl_model_base.hpp"

namespace {

constexpr size_t kHead = 16;
std::map<std::string, dl::TensorBase *> inputs, outputs;
const char *file = nullptr;
alignas(16) int8_t input_data[16], output_data[16];
dl::TensorBase entry, result;

}  // namespace

namespace dl {

Model::Model(const char *data, fbs::model_location_type_t location, int, memory_manager_t, const uint8_t *,
             bool param_copy) {
  if (memcmp(data, "EDL2", 4) != 0 || location != fbs::MODEL_LOCATION_IN_FLASH_RODATA) return;
  if (reinterpret_cast<uintptr_t>(data) % 16 != 0 || param_copy) return;
  file = data;
  inputs["x"] = &entry;
  outputs["y"] = &result;
}

Model::~Model() = default;

void Model::run(runtime_mode_t) {
  const int row = input_data[0] + 128, column = input_data[1] + 128;
  output_data[0] = static_cast<int8_t>(file[kHead + static_cast<size_t>(row * 256 + column)]);
  memset(input_data, 0x55, sizeof(input_data));  // as where its memory is used again
}

std::map<std::string, TensorBase *> &Model::get_inputs() { return inputs; }
std::map<std::string, TensorBase *> &Model::get_outputs() { return outputs; }
std::map<std::string, mem_info_t> Model::get_memory_info() { return {{"total", {100, 20, 3}}}; }

TensorBase::~TensorBase() = default;
void *TensorBase::get_element_ptr() { return this == &entry ? input_data : output_data; }
int TensorBase::get_size() { return this == &entry ? 2 : 1; }
int TensorBase::get_exponent() { return file[this == &entry ? 4 : 5]; }
dtype_t TensorBase::get_dtype() { return DATA_TYPE_INT8; }

}  // namespace dl
