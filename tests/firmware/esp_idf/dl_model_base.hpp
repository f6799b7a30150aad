// Declarations for tests; see README.md. Names and signatures are those of espressif/esp-dl v3.3.4, the
// version of common/platforms/espdl/idf_component.yml (commit a00707ddef995ba3ad0ae34c5c0cdd386ee921e4):
// dl_model_base.hpp, dl_tensor_base.hpp, dl_define.hpp and fbs_model.hpp there.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <map>
#include <string>

namespace fbs {

enum model_location_type_t {
  MODEL_LOCATION_IN_FLASH_RODATA = 0,
  MODEL_LOCATION_IN_FLASH_PARTITION = 1,
  MODEL_LOCATION_IN_SDCARD = 2,
};

}  // namespace fbs

namespace dl {

enum dtype_t { DATA_TYPE_FLOAT = 1, DATA_TYPE_UINT8 = 2, DATA_TYPE_INT8 = 3, DATA_TYPE_INT16 = 5 };
enum memory_manager_t { MEMORY_MANAGER_GREEDY = 0 };
enum runtime_mode_t { RUNTIME_MODE_AUTO = 0, RUNTIME_MODE_SINGLE_CORE = 1, RUNTIME_MODE_MULTI_CORE = 2 };

struct mem_info_t {
  size_t psram;
  size_t internal;
  size_t flash;
};

class TensorBase {
 public:
  virtual ~TensorBase();
  virtual void *get_element_ptr();
  int get_size();
  int get_exponent();
  dtype_t get_dtype();
};

class Model {
 public:
  Model(const char *rodata_address_or_partition_label_or_path,
        fbs::model_location_type_t location = fbs::MODEL_LOCATION_IN_FLASH_RODATA, int max_internal_size = 0,
        memory_manager_t mm_type = MEMORY_MANAGER_GREEDY, const uint8_t *key = nullptr,
        bool param_copy = true);
  Model(const char *rodata_address_or_partition_label_or_path, int model_index,
        fbs::model_location_type_t location = fbs::MODEL_LOCATION_IN_FLASH_RODATA, int max_internal_size = 0,
        memory_manager_t mm_type = MEMORY_MANAGER_GREEDY, const uint8_t *key = nullptr,
        bool param_copy = true);
  virtual ~Model();
  virtual void run(runtime_mode_t mode = RUNTIME_MODE_SINGLE_CORE);
  std::map<std::string, mem_info_t> get_memory_info();
  virtual std::map<std::string, TensorBase *> &get_inputs();
  virtual std::map<std::string, TensorBase *> &get_outputs();
};

}  // namespace dl
