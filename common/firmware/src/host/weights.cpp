// A file in place of the data partition that holds the weights.
#include "weights.h"

#include <stdint.h>
#include <stdio.h>

#include <string>
#include <vector>

#include "stop.h"
#include "weights_file.h"

namespace aiedge {
namespace {

const char *path = nullptr;
bool taken = false;

// Ends the program as every command of the kit ends after a mistake.
void fail(const std::string &error, const char *hint) {
  fflush(stdout);
  fprintf(stderr, "error: %s\nhint: %s\n", error.c_str(), hint);
  stop(2);
}

}  // namespace

void use_weights(const char *file) { path = file; }

bool took_weights() { return taken; }

Weights find_weights(size_t) {
  taken = true;
  if (path == nullptr) {
    fail("this firmware has its weights in a file", "add --weights FILE.bin, which `aiedge compile` writes");
  }
  std::string bytes;
  if (FILE *const file = fopen(path, "rb")) {
    char block[4096];
    while (const size_t count = fread(block, 1, sizeof(block), file)) bytes.append(block, count);
    fclose(file);
  }
  if (bytes.empty()) fail("cannot read weights from " + std::string(path), "name the .bin file");
  static std::vector<uint32_t> memory;  // for good, and aligned
  memory.assign(bytes.size() / sizeof(uint32_t) + 1, 0);
  bytes.copy(reinterpret_cast<char *>(memory.data()), bytes.size());
  return {memory.data(), bytes.size()};
}

}  // namespace aiedge
