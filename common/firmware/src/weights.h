// Weights that lie apart from the program: one file per target finds them.
//
// On the board they are in the flash's data partition "weights", where the program reads them in place; a
// program on this computer reads the file that its option --weights names. A firmware with its weights
// linked in, the default, asks for none.
#ifndef AIEDGE_WEIGHTS_H_
#define AIEDGE_WEIGHTS_H_

#include <stddef.h>

namespace aiedge {

struct Weights {
  const void *data;  // aligned to 4 bytes, valid for good; null after an error, which is printed
  size_t bytes;
};

// Finds the weights. `expected` is their size; a partition is larger than what is in it.
Weights find_weights(size_t expected);

}  // namespace aiedge

#endif  // AIEDGE_WEIGHTS_H_
