// Weights that lie apart from the program: one file per target finds them.
//
// On the board they are in the flash's data partition "weights", where the program reads them in place; a
// program on this computer reads the file that its option --weights names. A firmware with its weights
// linked in, the default, asks for none.
#ifndef AIEDGE_WEIGHTS_H_
#define AIEDGE_WEIGHTS_H_

#include <stddef.h>
#include <stdint.h>

namespace aiedge {

struct Weights {
  const void *data;  // aligned to 4 bytes, valid for good; null after an error, which is printed
  size_t bytes;
};

// The head of a file of weights; aiedge/tflite/bin_file.py describes the rest, and a test compares the two.
struct WeightsHead {
  char magic[4];
  uint32_t bytes;
  uint8_t layout;
  uint8_t zero;
  uint16_t sections;
  uint8_t sha256[32];
};

constexpr char kWeightsMagic[] = "AEW1";
constexpr uint8_t kPackedWeights = 2;

// Finds the weights. `expected` is their size; a partition is larger than what is in it.
Weights find_weights(size_t expected);

}  // namespace aiedge

#endif  // AIEDGE_WEIGHTS_H_
