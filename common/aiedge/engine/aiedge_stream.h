// What a network needs that runs row by row: which rows are due, and rings of rows.
//
// A ring holds the newest rows of a tensor, one after the other in memory, as kernels read them. Rows come in
// groups; before the first row of a group comes, all rows move down by a group, and the oldest are gone. So
// the rows that a layer reads are at the same place each time.
#ifndef AIEDGE_STREAM_H
#define AIEDGE_STREAM_H

#include <string.h>

#include "aiedge_engine.h"

typedef struct {
  int32_t slots, row_bytes;
  int32_t group, phase;  // row i begins a group where (i + phase) % group is 0
} aiedge_ring;

// Moves what is there down: to a lower address, from a higher one.
AIEDGE_KERNEL void aiedge_ring_move(uint8_t *to, const uint8_t *from, int32_t bytes) {
#ifdef AIEDGE_OFFSET
  // Small C libraries move byte by byte, with six instructions for each.
  typedef uint32_t __attribute__((may_alias)) word;
  if (!(((uintptr_t)to | (uintptr_t)from) & 3)) {
    word *into = (word *)(void *)to;
    const word *of = (const word *)(const void *)from;
    for (int32_t i = bytes / 16; i > 0; i--, into += 4, of += 4) {
      into[0] = of[0];
      into[1] = of[1];
      into[2] = of[2];
      into[3] = of[3];
    }
    to = (uint8_t *)into;
    from = (const uint8_t *)of;
    bytes %= 16;
  }
#endif
  memmove(to, from, (size_t)bytes);
}

// The row that is due at step n of those at steps first, first + every, ... (`count` rows), or -1.
AIEDGE_INLINE int32_t aiedge_row_due(int32_t n, int32_t first, int32_t every, int32_t count) {
  const uint32_t since = (uint32_t)n - (uint32_t)first;
  if (since >= (uint32_t)(every * count) || since % (uint32_t)every) return -1;
  return (int32_t)(since / (uint32_t)every);
}

// The place of row i, one of the newest group.
AIEDGE_INLINE uint8_t *aiedge_ring_row(const aiedge_ring *ring, uint8_t *rows, int32_t i) {
  const int32_t slot = ring->slots - ring->group + (i + ring->phase) % ring->group;
  return rows + (slot > 0 ? slot : 0) * ring->row_bytes;  // below 0 are rows that nobody reads
}

// The same for a row that is new.
AIEDGE_INLINE uint8_t *aiedge_ring_next(const aiedge_ring *ring, uint8_t *rows, int32_t i) {
  if (ring->slots > ring->group && (i + ring->phase) % ring->group == 0) {
    aiedge_ring_move(rows, rows + ring->group * ring->row_bytes,
                     (ring->slots - ring->group) * ring->row_bytes);
  }
  return aiedge_ring_row(ring, rows, i);
}

#endif
