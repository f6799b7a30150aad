// The status codes of generated code.
#ifndef AIEDGE_STATUS_H
#define AIEDGE_STATUS_H

enum {
  AIEDGE_OK = 0,
  AIEDGE_NULL_POINTER = 1,     // input, output or arena is missing
  AIEDGE_UNALIGNED_ARENA = 2,  // the arena does not start at a multiple of NAME_ARENA_ALIGNMENT
  AIEDGE_MORE_ROWS = 3,        // no error: NAME_push_row() waits for the next row
  AIEDGE_NO_ROW_DUE = 4,       // NAME_push_row() has all rows, or NAME_begin() was not called
  AIEDGE_NO_WEIGHTS = 5        // NAME_load_weights() was not called, or has refused them
};

#endif
