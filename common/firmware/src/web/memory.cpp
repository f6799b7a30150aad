// The memory of a program in the browser, by the linker's symbols.
#include <stdint.h>

#include "report.h"

// Of the linker: their addresses are what they say.
extern "C" {
extern uint8_t __data_end, __global_base;
}

namespace aiedge {

void print_target_memory() {
  print_bytes("static data", static_cast<size_t>(&__data_end - &__global_base), "constants among them");
  print_bytes("whole memory", __builtin_wasm_memory_size(0) * 65536, "of the browser's machine");
}

}  // namespace aiedge
