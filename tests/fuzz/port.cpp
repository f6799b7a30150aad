// libFuzzer on the serial port: the frame receiver, the requests, MLPerf Tiny's commands, and a network
// behind them.
//
// The input is a script: of each record the first byte says what comes, the second how many bytes of it.
//     even      these bytes, as they are
//     odd       a frame with them: type, number, payload, with the CRC-32 that no mutation would hit
//     0xff      silence
// What the board says is read back by a receiver of its own: it holds whole frames and printable text,
// nothing else. At the end the number of frames that it was sent is printed.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "EspSerialPort.h"
#include "clock.h"
#include "stop.h"
#include "uart.h"

namespace {

const uint8_t *script = nullptr;
size_t left = 0;
uint32_t microseconds = 0;
uint8_t pending[aiedge::kMaxEncoded + 2];  // of a record: what is to be sent
size_t begun = 0;
size_t ready = 0;
bool over = false;  // silence follows the last record, too
aiedge::FrameReceiver answers;
aiedge::FrameReceiver questions;
unsigned long whole = 0;
unsigned long spoiled = 0;

void print_frames() { fprintf(stderr, "frames: %lu whole, %lu damaged\n", whole, spoiled); }

void require(bool condition) {
  if (!condition) abort();
}

void send(const void *data, size_t count) {
  require(ready + count <= sizeof(pending));
  memcpy(pending + ready, data, count);
  ready += count;
  for (size_t i = 0; i < count; i++) {
    whole += questions.push(static_cast<const uint8_t *>(data)[i]) == aiedge::FrameReceiver::Event::kFrame;
  }
}

// Puts the next record into `pending`; false where it is silence.
bool next_record() {
  const uint8_t kind = script[0];
  size_t count = left > 1 ? script[1] : 0;
  const size_t head = left > 1 ? 2 : 1;
  script += head;
  left -= head;
  if (count > left) count = left;
  begun = ready = 0;
  if (kind % 2 == 0) {
    send(script, count);
  } else if (kind != 0xff && count >= 3) {
    aiedge::FrameWriter writer(send);
    writer.begin(script[0], static_cast<uint16_t>(script[1] | script[2] << 8));
    writer.add(script + 3, count - 3);
    writer.end();
  }
  script += count;
  left -= count;
  return ready > 0;
}

}  // namespace

namespace aiedge {

const char *target_name() { return "a fuzzer"; }
bool uart_listens() { return !over; }
size_t uart_buffer_bytes() { return 256; }
bool uart_set_baud(uint32_t baud) { return baud % 2 == 0; }
uint32_t uart_max_baud() { return 921600; }
uint32_t clock_us() { return microseconds += 1000; }  // so that many runs become too many
void write_led(bool) {}
void stop(int) { abort(); }

size_t uart_read(void *data, size_t count, uint32_t timeout_ms) {
  over = begun == ready && left == 0;
  if (over || (begun == ready && !next_record())) {
    microseconds += 1000 * timeout_ms;
    return 0;
  }
  const size_t taken = count < ready - begun ? count : ready - begun;
  memcpy(data, pending + begun, taken);
  begun += taken;
  return taken;
}

void uart_write(const void *data, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const uint8_t byte = static_cast<const uint8_t *>(data)[i];
    const FrameReceiver::Event event = answers.push(byte);
    require(event != FrameReceiver::Event::kText || byte == '\n' || byte == '\r' ||
            (byte >= ' ' && byte < 127));
    if (event == FrameReceiver::Event::kFrame) require(answers.frame().type >= 0x80);
  }
  require(answers.damaged() == 0);
}

}  // namespace aiedge

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count) {
  script = data;
  left = count;
  begun = ready = 0;
  over = false;
  answers = aiedge::FrameReceiver();
  spoiled += questions.damaged();
  questions = aiedge::FrameReceiver();
  static aiedge::Model model;
  static const bool begins = model.begin() && atexit(print_frames) == 0;
  require(begins);
  aiedge::EspSerialPort port(model);
  while (port.read(model.input())) {
    if (model.invoke()) port.write_result(model.output(), 12);
  }
  return 0;
}
