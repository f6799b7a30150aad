// What a firmware says about itself: who needs the memory, and which layer the time.
#ifndef AIEDGE_REPORT_H_
#define AIEDGE_REPORT_H_

#include "Model.h"

namespace aiedge {

// Prints a line for each part of the memory, in bytes: the network's, and the target's.
void print_memory(Model &model);

// Prints each layer's mean time and its share of the whole; nothing where no time was taken.
void print_layers();

// The target's part of print_memory(): one file per target implements it.
void print_target_memory();

// Prints a line of a table: a name, a number of bytes, and what there is to say about them.
void print_bytes(const char *name, size_t bytes, const char *note = "");

}  // namespace aiedge

#endif  // AIEDGE_REPORT_H_
