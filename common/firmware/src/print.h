// Text on the serial line, beside the frames.
#ifndef AIEDGE_PRINT_H_
#define AIEDGE_PRINT_H_

#include <stddef.h>

namespace aiedge {

// Writes text as printf does, at most 255 characters a call.
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Ends the line that print() has begun, if any: a frame never starts in the middle of a line.
void end_line();

// What print() has written since forget_said(), as far as it is kept, without a zero at its end.
const char *said();
size_t said_bytes();
void forget_said();

}  // namespace aiedge

#endif  // AIEDGE_PRINT_H_
