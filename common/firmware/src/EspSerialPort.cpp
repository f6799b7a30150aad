#include "EspSerialPort.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "print.h"
#include "uart.h"

namespace aiedge {
namespace {

constexpr uint32_t kSilenceMs = 100;  // a frame that stops for so long is given up
constexpr uint32_t kBaseBaud = 115200;
constexpr uint32_t kConfirmUs = 1000000;  // a new speed must carry a frame within this time
constexpr uint32_t kQuietUs = 3000000;    // without a frame for so long, a speed is given up
constexpr size_t kHashBytes = 32;
constexpr size_t kWriteHead = 3;                              // number, index
constexpr size_t kMaxRowsPayload = RowSink::kAhead / 2 - 16;  // two such frames may be on the way

EspSerialPort *the_port = nullptr;

uint8_t hex_digit(char digit) {
  return static_cast<uint8_t>(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
}

}  // namespace

EspSerialPort::EspSerialPort(Model &model)
    : model_(model), writer_(uart_write), base_baud_(kBaseBaud), baud_(kBaseBaud), commands_(model) {
  the_port = this;
}

EspSerialPort *EspSerialPort::instance() { return the_port; }

bool EspSerialPort::read(Tensor &input) {
  if (state_ == State::kRead && !(has_result_ && result_number_ == number_)) {
    failed_ = has_result_ = true;
    result_number_ = number_;
    send_result(seq_);
  }
  heard_us_ = now_us();
  while (uart_listens()) {
    if (next_ == filled_) {
      next_ = 0;
      filled_ = uart_read(received_, sizeof(received_), kSilenceMs);
      if (filled_ == 0) receiver_.idle();
      check_baud();
      continue;
    }
    const uint8_t byte = received_[next_++];
    switch (receiver_.push(byte)) {
      case FrameReceiver::Event::kFrame:
        heard_us_ = now_us();
        confirmed_ = true;
        if (handle_frame(input)) return true;
        break;
      case FrameReceiver::Event::kText:
        commands_.take(static_cast<char>(byte));
        break;
      case FrameReceiver::Event::kNone:
        break;
    }
  }
  return false;
}

void EspSerialPort::write_result(const Tensor &output, uint32_t time_us) {
  if (const RowSink *const rows = model_.input().rows) time_us += rows->time_us();
  if (state_ != State::kRead || (has_result_ && result_number_ == number_)) {
    print("result %.4f (%lu us)\n", static_cast<double>(output.get(0)), static_cast<unsigned long>(time_us));
    return;
  }
  has_result_ = true;
  failed_ = kResultHead + output.bytes() > sizeof(result_);
  result_number_ = number_;
  if (!failed_) {
    result_bytes_ = kResultHead + output.bytes();
    result_[0] = number_;
    for (size_t i = 0; i < 4; i++) {
      result_[1 + i] = static_cast<uint8_t>(crc_ >> (8 * i));
      result_[5 + i] = static_cast<uint8_t>(time_us >> (8 * i));
    }
    memcpy(result_ + kResultHead, output.data, output.bytes());
  }
  send_result(seq_);
}

// Answers a frame; true where it completed the input.
bool EspSerialPort::handle_frame(Tensor &input) {
  const Frame &frame = receiver_.frame();
  switch (frame.type) {
    case kHello:
      if (frame.payload_bytes != 1) {
        send_error(frame.seq, kWrongPayload, "HELLO carries one byte");
      } else if (frame.payload[0] != kProtocolVersion) {
        send_error(frame.seq, kWrongVersion, "this firmware speaks version 2");
      } else {
        greet();
        send_hello();
      }
      return false;
    case kWrite:
      return handle_write(input);
    case kFetch:
      if (frame.payload_bytes != 1) {
        send_error(frame.seq, kWrongPayload, "FETCH carries one byte");
      } else if (!greeted_) {
        send_error(frame.seq, kNotGreeted, "say HELLO first");
      } else if (!has_result_ || result_number_ != frame.payload[0]) {
        send_error(frame.seq, kNoResult, "that input has no result");
      } else {
        send_result(frame.seq);
      }
      return false;
    case kSetBaud:
      answer_set_baud();
      return false;
    default:
      send_error(frame.seq, kUnknownType, "unknown frame type");
      return false;
  }
}

// Puts a piece where it belongs in the input; true where it was the last one that was missing.
bool EspSerialPort::handle_write(Tensor &input) {
  const Frame &frame = receiver_.frame();
  if (!greeted_) {
    send_error(frame.seq, kNotGreeted, "say HELLO first");
    return false;
  }
  const size_t unit = unit_bytes(input);
  const size_t units = (input.bytes() + unit - 1) / unit;
  const size_t count = frame.payload_bytes < kWriteHead ? 0 : frame.payload_bytes - kWriteHead;
  const size_t first = count == 0 ? 0 : number_at(frame.payload + 1, 2);
  const size_t end = first * unit + count;
  if (count == 0 || end > input.bytes() || (count % unit != 0 && end != input.bytes())) {
    char message[64];
    snprintf(message, sizeof(message), "the input has %u bytes, in units of %u",
             static_cast<unsigned>(input.bytes()), static_cast<unsigned>(unit));
    send_error(frame.seq, kWrongPayload, message);
    return false;
  }
  if (state_ == State::kNone || frame.payload[0] != number_) {
    state_ = State::kComing;
    number_ = frame.payload[0];
    missing_ = units;
    memset(has_unit_, 0, sizeof(has_unit_));
    taken_ = crc_ = 0;
  }
  if (state_ == State::kComing) {
    // What has no place yet is not acknowledged: it comes again.
    if (input.rows != nullptr && end > taken_ + input.row_bytes() + RowSink::kAhead) return false;
    // After the input was read its memory belongs to the network: a piece that comes again is not written.
    put(input, first * unit, frame.payload + kWriteHead, count);
    for (size_t i = first; i * unit < end; i++) {
      const uint8_t bit = static_cast<uint8_t>(1 << i % 8);
      if (!(has_unit_[i / 8] & bit)) missing_--;
      has_unit_[i / 8] |= bit;
    }
  }
  const bool is_last = state_ == State::kComing && missing_ == 0;
  // The computer waits for the acknowledgement where bytes are lost while rows run.
  if (!is_last) take_rows(input);
  note_seq(frame.seq);
  send_ack();
  if (!is_last) return false;
  // Once more: while the network runs, nothing is heard from here.
  send_ack();
  state_ = State::kRead;
  seq_ = frame.seq;
  has_result_ = false;
  if (input.rows == nullptr) crc_ = crc32(0, input.data, input.bytes());
  take_rows(input);
  return true;
}

// Copies bytes of the input to their place, except those of rows that the network has taken.
void EspSerialPort::put(Tensor &input, size_t start, const uint8_t *bytes, size_t count) {
  const size_t skip = start < taken_ ? taken_ - start : 0;
  if (skip >= count) return;
  memcpy(static_cast<uint8_t *>(input.data) + (start + skip - taken_), bytes + skip, count - skip);
}

// Hands over the rows that are complete, where the network takes the input row by row.
void EspSerialPort::take_rows(Tensor &input) {
  if (input.rows == nullptr || state_ == State::kNone) return;
  uint8_t *const data = static_cast<uint8_t *>(input.data);
  const size_t row = input.row_bytes(), unit = unit_bytes(input);
  while (taken_ < input.bytes()) {
    for (size_t i = taken_ / unit; i * unit < taken_ + row; i++) {
      if (!(has_unit_[i / 8] & 1 << i % 8)) return;
    }
    crc_ = crc32(crc_, data, row);
    input.rows->take(taken_ / row);
    memmove(data, data + row, RowSink::kAhead);
    taken_ += row;
  }
}

// Forgets what an earlier program at the other end sent.
void EspSerialPort::greet() {
  greeted_ = true;
  state_ = State::kNone;
  has_result_ = false;
  last_seq_ = receiver_.frame().seq;
  history_ = 0;
}

// Enters the number of a WRITE that came into the history.
void EspSerialPort::note_seq(uint16_t seq) {
  const uint16_t ahead = static_cast<uint16_t>(seq - last_seq_);
  if (ahead == 0) return;
  if (ahead < 0x8000) {
    history_ =
        ahead > 32 ? 0 : static_cast<uint32_t>((static_cast<uint64_t>(history_) << 1 | 1) << (ahead - 1));
    last_seq_ = seq;
  } else if (const uint16_t back = static_cast<uint16_t>(last_seq_ - seq); back <= 32) {
    history_ |= 1u << (back - 1);
  }
}

void EspSerialPort::send_hello() {
  const Tensor &input = model_.input();
  const Tensor &output = model_.output();
  uint8_t hash[kHashBytes];
  for (size_t i = 0; i < kHashBytes; i++) {
    const char *digits = Model::sha256() + 2 * i;
    hash[i] = static_cast<uint8_t>(hex_digit(digits[0]) << 4 | hex_digit(digits[1]));
  }
  begin_frame(kHelloReply, receiver_.frame().seq);
  writer_.add_number(kProtocolVersion, 1);
  writer_.add_number(strcmp(Model::runtime(), "tflm") == 0, 1);
  writer_.add_number(static_cast<uint32_t>(input.type), 1);
  writer_.add_number(static_cast<uint32_t>(output.type), 1);
  writer_.add_number(static_cast<uint32_t>(input.bytes()), 4);
  writer_.add_number(static_cast<uint32_t>(output.bytes()), 4);
  writer_.add_number(Model::arena_bytes(), 4);
  // Of an input that is taken row by row no more than the row's buffer holds should be on the way.
  const bool by_rows = input.rows != nullptr && uart_buffer_bytes() > RowSink::kAhead;
  writer_.add_number(static_cast<uint32_t>(by_rows ? RowSink::kAhead : uart_buffer_bytes()), 4);
  writer_.add_number(by_rows ? kMaxRowsPayload : kMaxPayload, 2);
  writer_.add_number(static_cast<uint32_t>(unit_bytes(input)), 2);
  writer_.add(hash, sizeof(hash));
  writer_.add(Model::name(), strlen(Model::name()));
  writer_.end();
}

// Says that the newest WRITE came, and which of the 32 before it did.
void EspSerialPort::send_ack() {
  begin_frame(kAck, last_seq_);
  writer_.add_number(history_, 4);
  writer_.end();
}

void EspSerialPort::send_result(uint16_t seq) {
  if (failed_) {
    const char *const problem = Model::problem();
    return send_error(seq, kInferenceFailed, problem == nullptr ? "the firmware gave no result" : problem);
  }
  begin_frame(kResult, seq);
  writer_.add(result_, result_bytes_);
  writer_.end();
}

void EspSerialPort::send_error(uint16_t seq, ErrorCode code, const char *message) {
  begin_frame(kError, seq);
  writer_.add_number(code, 1);
  writer_.add(message, strlen(message));
  writer_.end();
}

void EspSerialPort::answer_set_baud() {
  const Frame &frame = receiver_.frame();
  const uint32_t baud = frame.payload_bytes == 4 ? number_at(frame.payload, 4) : 0;
  if (frame.payload_bytes != 4) return send_error(frame.seq, kWrongPayload, "SET_BAUD carries four bytes");
  if (baud < kBaseBaud || baud > uart_max_baud()) {
    char message[64];
    snprintf(message, sizeof(message), "this board takes %u to %u baud", static_cast<unsigned>(kBaseBaud),
             static_cast<unsigned>(uart_max_baud()));
    return send_error(frame.seq, kWrongBaud, message);
  }
  begin_frame(kBaudReply, frame.seq);
  writer_.add_number(baud, 4);
  writer_.end();
  use_baud(baud);
}

bool EspSerialPort::set_base_baud(uint32_t baud) {
  if (baud == base_baud_) return true;
  if (!uart_set_baud(baud)) return false;
  base_baud_ = baud_ = baud;
  return true;
}

// Changes the speed. What has come at the old one is given up: nobody sends while this happens.
void EspSerialPort::use_baud(uint32_t baud) {
  if (baud == baud_ || !uart_set_baud(baud)) return;
  baud_ = baud;
  confirmed_ = baud == base_baud_;
  heard_us_ = now_us();
  receiver_.idle();
  next_ = filled_ = 0;
}

// Goes back to the base speed where the other one carries no frames.
void EspSerialPort::check_baud() {
  if (baud_ != base_baud_ && now_us() - heard_us_ > (confirmed_ ? kQuietUs : kConfirmUs))
    use_baud(base_baud_);
}

void EspSerialPort::begin_frame(FrameType type, uint16_t seq) {
  end_line();
  writer_.begin(type, seq);
}

// A unit is 16 bytes, or more where the input has more than 4096 of them.
size_t EspSerialPort::unit_bytes(const Tensor &input) {
  size_t unit = kMinUnit;
  while (input.bytes() > unit * kMaxUnits) unit *= 2;
  return unit;
}

}  // namespace aiedge
