// The memory of the emulated board: static data, by the linker's symbols, and the stack, which is painted at
// the start to see later how far it has grown.
#include <stddef.h>
#include <stdint.h>

#include "report.h"

// Of the linker script: their addresses are what they say.
extern "C" {
extern uint8_t data_start, bss_end, stack_top;
}

namespace aiedge {
namespace {

constexpr uintptr_t kPaintedBytes = 64 * 1024;
constexpr uintptr_t kInUse = 256;  // by the function that paints, and those that called it
constexpr uint32_t kPaint = 0x5AA5C33C;

uintptr_t address(const uint8_t &symbol) { return reinterpret_cast<uintptr_t>(&symbol); }
volatile uint32_t *word(uintptr_t place) { return reinterpret_cast<volatile uint32_t *>(place); }

__attribute__((constructor)) void paint() {
  const uintptr_t top = address(stack_top);
  for (uintptr_t place = top - kPaintedBytes; place < top - kInUse; place += 4) *word(place) = kPaint;
}

}  // namespace

void print_target_memory() {
  const uintptr_t top = address(stack_top);
  uintptr_t place = top - kPaintedBytes;
  while (place < top && *word(place) == kPaint) place += 4;
  print_bytes("stack", top - place, top - place < kPaintedBytes ? "at most, so far" : "or more");
  print_bytes("DRAM, static", address(bss_end) - address(data_start));
}

}  // namespace aiedge
