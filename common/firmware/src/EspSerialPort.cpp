#include "EspSerialPort.h"

#include <stdio.h>

#include "Conduct.h"
#include "clock.h"
#include "print.h"
#include "uart.h"

namespace aiedge {
namespace {

EspSerialPort *the_port = nullptr;

}  // namespace

EspSerialPort::EspSerialPort(Model &model) : model_(model), commands_(model) { the_port = this; }

void (*EspSerialPort::on_result)(const Tensor &, uint32_t, uint32_t, uint32_t) = nullptr;

EspSerialPort *EspSerialPort::instance() { return the_port; }

bool EspSerialPort::set_base_baud(uint32_t baud) { return speed_.set_base(baud); }

bool EspSerialPort::next(Tensor &input) {
  if (assembly_.is_read() && !result_.is_of(assembly_.number())) {
    result_.fail(assembly_.number(), conduct().why_no_result());
    result_.send(replies_, seq_, true);
  }
  speed_.listen();
  while (uart_listens()) {
    if (next_ == filled_) {
      next_ = 0;
      filled_ = uart_read(received_, sizeof(received_), kSilenceMs);
      if (filled_ == 0) receiver_.idle();
      if (speed_.check()) drop_received();
      continue;
    }
    const uint8_t byte = received_[next_++];
    switch (receiver_.push(byte)) {
      case FrameReceiver::Event::kFrame:
        speed_.confirm();
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
  const RowSink *const rows = model_.input().rows;
  const uint32_t rows_us = rows == nullptr ? 0 : rows->time_us();
  const uint32_t request_us = clock_us() - conduct().read_us + rows_us;
  const uint32_t network_us = conduct().network_us + rows_us;
  time_us += rows_us;
  if (output.data != model_.output().data) return note_other_tensor();  // and the input gets no result
  note_result();
  if (!assembly_.is_read() || result_.is_of(assembly_.number())) {
    print("result %.4f (%lu us)\n", static_cast<double>(output.get(0)), static_cast<unsigned long>(time_us));
  } else {
    result_.set(assembly_.number(), assembly_.crc(), time_us, output);
    result_.add(network_us, request_us, conduct());
    result_.send(replies_, seq_, true);
  }
  if (on_result != nullptr) on_result(output, time_us, network_us, request_us);
}

// Answers a frame; true where it completed the input.
bool EspSerialPort::handle_frame(Tensor &input) {
  const Frame &frame = receiver_.frame();
  switch (frame.type) {
    case kHello:
      handle_hello(frame);
      return false;
    case kWrite:
      return handle_write(frame, input);
    case kFetch:
      handle_fetch(frame);
      return false;
    case kSetBaud:
      handle_set_baud(frame);
      return false;
    default:
      replies_.error(frame.seq, kUnknownType, "unknown frame type");
      return false;
  }
}

// Forgets what an earlier program at the other end sent, and says what this board is.
void EspSerialPort::handle_hello(const Frame &frame) {
  if (frame.payload_bytes != 1) return replies_.error(frame.seq, kWrongPayload, "HELLO carries one byte");
  if (frame.payload[0] != kProtocolVersion) {
    char message[64];
    snprintf(message, sizeof(message), "this firmware speaks version %u",
             static_cast<unsigned>(kProtocolVersion));
    return replies_.error(frame.seq, kWrongVersion, message);
  }
  greeted_ = true;
  assembly_.forget();
  result_.forget();
  history_.begin(frame.seq);
  replies_.hello(frame.seq, model_);
}

// Takes a piece of the input; true where it was the last one that was missing.
bool EspSerialPort::handle_write(const Frame &frame, Tensor &input) {
  if (!greeted_) {
    replies_.error(frame.seq, kNotGreeted, "say HELLO first");
    return false;
  }
  const InputAssembly::Piece piece = assembly_.take(input, frame.payload, frame.payload_bytes);
  if (piece == InputAssembly::Piece::kWrong) {
    char message[64];
    snprintf(message, sizeof(message), "the input has %u bytes, in units of %u",
             static_cast<unsigned>(input.bytes()), static_cast<unsigned>(InputAssembly::unit_bytes(input)));
    replies_.error(frame.seq, kWrongPayload, message);
    return false;
  }
  // What has no place yet is not acknowledged: it comes again. The rest is acknowledged after complete rows
  // have run: the computer waits for that where bytes are lost meanwhile.
  if (piece == InputAssembly::Piece::kTooFar) return false;
  history_.note(frame.seq);
  replies_.ack(history_.newest(), history_.bits());
  if (piece != InputAssembly::Piece::kLast) return false;
  // Once more: while the network runs, nothing is heard from here.
  replies_.ack(history_.newest(), history_.bits());
  seq_ = frame.seq;
  result_.forget();
  assembly_.finish(input);
  return true;
}

void EspSerialPort::handle_fetch(const Frame &frame) {
  if (frame.payload_bytes != 1) {
    replies_.error(frame.seq, kWrongPayload, "FETCH carries one byte");
  } else if (!greeted_) {
    replies_.error(frame.seq, kNotGreeted, "say HELLO first");
  } else if (!result_.is_of(frame.payload[0])) {
    replies_.error(frame.seq, kNoResult, "that input has no result");
  } else {
    result_.send(replies_, frame.seq, false);
  }
}

void EspSerialPort::handle_set_baud(const Frame &frame) {
  if (frame.payload_bytes != 4)
    return replies_.error(frame.seq, kWrongPayload, "SET_BAUD carries four bytes");
  const uint32_t baud = number_at(frame.payload, 4);
  if (baud < kBaseBaud || baud > uart_max_baud()) {
    char message[64];
    snprintf(message, sizeof(message), "this board takes %u to %u baud", static_cast<unsigned>(kBaseBaud),
             static_cast<unsigned>(uart_max_baud()));
    return replies_.error(frame.seq, kWrongBaud, message);
  }
  replies_.baud(frame.seq, baud);
  if (speed_.use(baud)) drop_received();
}

// Gives up what has come at the old speed: nobody sends while the speed changes.
void EspSerialPort::drop_received() {
  receiver_.idle();
  next_ = filled_ = 0;
}

}  // namespace aiedge
