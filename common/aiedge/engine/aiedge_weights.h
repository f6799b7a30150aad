// Weights that lie apart from the code: whether a file is the one that belongs to the network.
//
// The generated C knows its file's bytes and CRC-32, so that no other file passes: none that is damaged, and
// none of another network. What is in a file: aiedge/tflite/bin_file.py.
#ifndef AIEDGE_WEIGHTS_H
#define AIEDGE_WEIGHTS_H

#include <stdbool.h>
#include <string.h>

#include "aiedge_engine.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "files of weights are little-endian"
#endif

// Of two places in the file, that of the constants for this core.
#ifdef AIEDGE_OFFSET
#define AIEDGE_PLACE(plain, offset) (offset)
#else
#define AIEDGE_PLACE(plain, offset) (plain)
#endif

// CRC-32 as in zlib: reflected polynomial 0xEDB88320; four bits at a time, by a table of 16 entries.
AIEDGE_KERNEL uint32_t aiedge_crc32(const uint8_t *data, size_t bytes) {
  static const uint32_t table[16] = {
      0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
      0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
  };
  uint32_t crc = 0xffffffff;
  for (; bytes > 0; bytes--) {
    crc ^= *data++;
    crc = crc >> 4 ^ table[crc & 15];
    crc = crc >> 4 ^ table[crc & 15];
  }
  return ~crc;
}

// Whether `bytes` bytes at `data`, a multiple of four, are the file of `expected` bytes that ends in this
// CRC-32.
AIEDGE_KERNEL bool aiedge_weights_fit(const void *data, size_t bytes, size_t expected, uint32_t crc) {
  uint32_t stored;
  if (!data || (uintptr_t)data % sizeof stored || bytes != expected) {
    return false;
  }
  bytes -= sizeof stored;
  memcpy(&stored, (const uint8_t *)data + bytes, sizeof stored);
  return stored == crc && aiedge_crc32((const uint8_t *)data, bytes) == crc;
}

#endif
