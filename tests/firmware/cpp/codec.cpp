// The frame codec on the command line, for tests. Reads commands from the standard input:
//
//     encode TYPE SEQ HEX     prints the wire in hex
//     receive HEX             prints "TYPE SEQ HEX;" for each frame, the damaged count, and the text in hex
//     decode HEX              prints what cobs_decode() makes of the bytes
//
// An argument to `receive` may hold "-": a silence of 100 ms.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"

using aiedge::FrameReceiver;
using aiedge::FrameWriter;

namespace {

char line[1 << 20];
uint8_t bytes[1 << 19];

void print_hex(const void *data, size_t count) {
  for (size_t i = 0; i < count; i++) printf("%02x", static_cast<const uint8_t *>(data)[i]);
}

size_t parse_hex(const char *text, uint8_t *to) {
  size_t count = 0;
  unsigned value = 0;
  while (sscanf(text + 2 * count, "%2x", &value) == 1) to[count++] = static_cast<uint8_t>(value);
  return count;
}

void encode(const char *arguments) {
  unsigned type = 0, seq = 0;
  int used = 0;
  sscanf(arguments, "%u %u %n", &type, &seq, &used);
  const size_t count = parse_hex(arguments + used, bytes);
  FrameWriter writer(print_hex);
  writer.begin(static_cast<uint8_t>(type), static_cast<uint16_t>(seq));
  // In two pieces: the pieces must not show in the frame.
  writer.add(bytes, count / 3);
  writer.add(bytes + count / 3, count - count / 3);
  writer.end();
}

void receive(char *stream) {
  FrameReceiver receiver;
  size_t text_count = 0;
  for (char *part = strtok(stream, "-"); part != nullptr; part = strtok(nullptr, "-")) {
    if (part != stream) receiver.idle();
    for (unsigned value = 0; sscanf(part, "%2x", &value) == 1; part += 2) {
      const FrameReceiver::Event event = receiver.push(static_cast<uint8_t>(value));
      if (event == FrameReceiver::Event::kText) bytes[text_count++] = static_cast<uint8_t>(value);
      if (event != FrameReceiver::Event::kFrame) continue;
      const aiedge::Frame &frame = receiver.frame();
      printf("%u %u ", frame.type, frame.seq);
      print_hex(frame.payload, frame.payload_bytes);
      printf(";");
    }
  }
  printf("%lu;", static_cast<unsigned long>(receiver.damaged()));
  print_hex(bytes, text_count);
}

}  // namespace

int main() {
  while (fgets(line, sizeof(line), stdin) != nullptr) {
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "encode ", 7) == 0) {
      encode(line + 7);
    } else if (strncmp(line, "receive ", 8) == 0) {
      receive(line + 8);
    } else if (strncmp(line, "decode ", 7) == 0) {
      const size_t count = parse_hex(line + 7, bytes);
      print_hex(bytes, aiedge::cobs_decode(bytes, count));
    }
    printf("\n");
  }
  return 0;
}
