// Numbers written in hexadecimal digits.
#ifndef AIEDGE_HEX_H_
#define AIEDGE_HEX_H_

#include <stddef.h>
#include <stdint.h>

namespace aiedge {

// Returns the value of a hexadecimal digit, or -1.
inline int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  const char small = static_cast<char>(digit | 0x20);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

// Reads `count` bytes, each of two digits.
inline void read_hex(const char *digits, uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++)
    bytes[i] = static_cast<uint8_t>(hex_digit(digits[2 * i]) << 4 | hex_digit(digits[2 * i + 1]));
}

}  // namespace aiedge

#endif  // AIEDGE_HEX_H_
