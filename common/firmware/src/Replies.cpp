#include "Replies.h"

#include <string.h>

#include "InputAssembly.h"
#include "hex.h"
#include "print.h"
#include "uart.h"

namespace aiedge {
namespace {

// By their numbers in HELLO_REPLY.
const char *const kRuntimes[] = {"compiled", "tflm", "espdl"};
constexpr size_t kMaxRowsPayload = RowSink::kAhead / 2 - 16;  // two such frames may be on the way

uint32_t runtime_number() {
  uint32_t number = 0;
  while (strcmp(Model::runtime(), kRuntimes[number]) != 0) number++;
  return number;
}

}  // namespace

Replies::Replies() : writer_(uart_write) {}

void Replies::hello(uint16_t seq, Model &model) {
  const Tensor &input = model.input();
  const Tensor &output = model.output();
  uint8_t hash[Model::kHashBytes];
  read_hex(Model::sha256(), hash, sizeof(hash));
  begin(kHelloReply, seq);
  writer_.add_number(kProtocolVersion, 1);
  writer_.add_number(runtime_number(), 1);
  writer_.add_number(static_cast<uint32_t>(input.type), 1);
  writer_.add_number(static_cast<uint32_t>(output.type), 1);
  writer_.add_number(static_cast<uint32_t>(input.bytes()), 4);
  writer_.add_number(static_cast<uint32_t>(output.bytes()), 4);
  writer_.add_number(Model::arena_bytes(), 4);
  // Of an input that is taken row by row no more than the row's buffer holds should be on the way.
  const bool by_rows = input.rows != nullptr && uart_buffer_bytes() > RowSink::kAhead;
  writer_.add_number(static_cast<uint32_t>(by_rows ? RowSink::kAhead : uart_buffer_bytes()), 4);
  writer_.add_number(static_cast<uint32_t>(by_rows ? kMaxRowsPayload : kMaxPayload), 2);
  writer_.add_number(static_cast<uint32_t>(InputAssembly::unit_bytes(input)), 2);
  writer_.add(hash, sizeof(hash));
  writer_.add(Model::name(), strlen(Model::name()));
  writer_.end();
}

void Replies::ack(uint16_t seq, uint32_t history) {
  begin(kAck, seq);
  writer_.add_number(history, 4);
  writer_.end();
}

void Replies::result(uint16_t seq, const uint8_t *payload, size_t count) {
  begin(kResult, seq);
  writer_.add(payload, count);
  writer_.end();
}

void Replies::baud(uint16_t seq, uint32_t baud) {
  begin(kBaudReply, seq);
  writer_.add_number(baud, 4);
  writer_.end();
}

void Replies::error(uint16_t seq, ErrorCode code, const char *message) {
  begin(kError, seq);
  writer_.add_number(code, 1);
  writer_.add(message, strlen(message));
  writer_.end();
}

void Replies::begin(FrameType type, uint16_t seq) {
  end_line();
  writer_.begin(type, seq);
}

}  // namespace aiedge
